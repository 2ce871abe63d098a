"""A client of the wire in another language, with another WebSocket library: one frame a message.

raw-client.py URL: asks for a lease, looks for the boot server by ARP, pings it, and prints what it learned.
"""
import os
import struct
import sys

import websocket  # Debian's python3-websocket

MAC = bytes.fromhex("02000000aa01")
BROADCAST = b"\xff" * 6


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total >> 16) + (total & 0xFFFF)
    return ~total & 0xFFFF


def ip(protocol, source, destination, payload):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0, source, destination)
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def dhcp(kind, options=b""):
    message = struct.pack("!BBBB", 1, 1, 6, 0) + XID + struct.pack("!HH", 0, 0x8000) + bytes(16)
    message += MAC.ljust(16, b"\0") + bytes(192) + b"\x63\x82\x53\x63" + bytes([53, 1, kind]) + options + b"\xff"
    udp = struct.pack("!HHHH", 68, 67, 8 + len(message), 0) + message
    return BROADCAST + MAC + b"\x08\x00" + ip(17, bytes(4), b"\xff" * 4, udp)


def answer(wanted):
    while True:
        frame = wire.recv()
        found = wanted(frame)
        if found is not None:
            return found


def dhcp_answer(frame):
    if frame[12:14] == b"\x08\x00" and frame[23] == 17 and frame[36:38] == struct.pack("!H", 68) and frame[46:50] == XID:
        return frame[58:62], frame[26:30]
    return None


XID = os.urandom(4)
wire = websocket.create_connection(sys.argv[1], timeout=30)
wire.send_binary(dhcp(1))
offered, server = answer(dhcp_answer)
wire.send_binary(dhcp(3, bytes([50, 4]) + offered + bytes([54, 4]) + server))
address, server = answer(dhcp_answer)

question = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + MAC + address + bytes(6) + server
wire.send_binary(BROADCAST + MAC + b"\x08\x06" + question)
mac = answer(lambda frame: frame[22:28] if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2" else None)

echo = struct.pack("!BBHHH", 8, 0, 0, 1, 1) + b"from another language"
echo = echo[:2] + struct.pack("!H", checksum(echo)) + echo[4:]
wire.send_binary(mac + MAC + b"\x08\x00" + ip(1, address, server, echo))
text = answer(lambda frame: frame[42:] if frame[12:14] == b"\x08\x00" and frame[23] == 1 and frame[34] == 0 else None)
wire.close()
print(".".join(map(str, address)), ".".join(map(str, server)), mac.hex(":"), text.decode())
