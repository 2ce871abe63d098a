"""Talks TCP through the kernel's own stack, one conversation a run:

    python3 client.py ADDRESS PORT CONVERSATION [ARGUMENT...]

Prints what came of it on standard output.
"""

import hashlib
import random
import socket
import struct
import sys
import threading
import time

TCP_REPAIR, TCP_REPAIR_QUEUE, TCP_QUEUE_SEQ = 19, 20, 21
REPAIR_ON, REPAIR_OFF_WITHOUT_PROBE, SEND_QUEUE = 1, -1, 2


def connect(address, isn=None):
    stream = socket.socket()
    if isn is not None:
        # Repair mode sets the initial sequence number that connect() then uses (tcp(7) is silent, CRIU does it).
        stream.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, REPAIR_ON)
        stream.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR_QUEUE, SEND_QUEUE)
        stream.setsockopt(socket.IPPROTO_TCP, TCP_QUEUE_SEQ, struct.pack("I", isn))
        stream.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, REPAIR_OFF_WITHOUT_PROBE)
    stream.connect(address)
    return stream


def read_all(stream):
    digest, count = hashlib.sha256(), 0
    while data := stream.recv(1 << 18):
        digest.update(data)
        count += len(data)
    return digest.hexdigest(), count


def echo(address, size, isn=None):
    """Sends `size` bytes and reads as many: the checksums of both."""
    stream = connect(address, None if isn is None else int(isn, 0))
    sent = random.Random(1).randbytes(int(size))

    def send():
        stream.sendall(sent)
        stream.shutdown(socket.SHUT_WR)

    sender = threading.Thread(target=send)
    sender.start()
    received, count = read_all(stream)
    sender.join()
    print(hashlib.sha256(sent).hexdigest() == received, count)


def send_then_read(address, size):
    """Half-close: sends, closes that direction, and reads on to the end."""
    stream = connect(address)
    stream.sendall(b"x" * int(size))
    stream.shutdown(socket.SHUT_WR)
    print(read_all(stream)[1])


def read_then_send(address, size):
    """The other side closes its direction first; ours goes on."""
    stream = connect(address)
    count = read_all(stream)[1]
    stream.sendall(b"x" * int(size))
    stream.close()
    print(count)


def reset(address):
    """Closes with SO_LINGER 0: a RST in place of a FIN."""
    stream = connect(address)
    stream.recv(1)
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


def refused(address):
    started = time.monotonic()
    try:
        connect(address)
        print("connected")
    except OSError as error:
        print(error.strerror, "at once" if time.monotonic() - started < 0.9 else "late")


def read_until_error(address):
    try:
        print(read_all(connect(address))[1])
    except OSError as error:
        print(error.strerror)


def serve_once(address):
    """Listens, says so, and to the first who comes sends back what it reads."""
    listener = socket.create_server(address)
    print("listening", flush=True)
    stream, _ = listener.accept()
    listener.close()
    while data := stream.recv(1 << 18):
        stream.sendall(data)
    stream.close()


host, port, conversation, *arguments = sys.argv[1:]
globals()[conversation]((host, int(port)), *arguments)
