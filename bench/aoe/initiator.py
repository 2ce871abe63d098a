"""Reads a target of ATA over Ethernet as fast as it answers, and says how fast that was.

    python3 initiator.py INTERFACE SHELF SLOT MEBIBYTES     through a packet socket
    python3 initiator.py /PATH SHELF SLOT MEBIBYTES         as a client of netroot, through its UNIX socket

Prints one line of JSON: bytes, seconds, sha256 of what was read in its order, sectors a frame, requests that were sent again.
As many requests are under way as the target says that it can hold, at most 64 as in Linux' driver; they are sent again after 200 ms.
AoEr11, sections 2 and 3.
"""

import hashlib
import json
import select
import socket
import struct
import sys
import time

AOE, ATA, CONFIG = 0x88A2, 0, 1
READ_EXT, LBA48 = 0x24, 0x40
AGAIN_SECONDS = 0.2
MOST_UNDER_WAY = 64
HEADER = struct.Struct(">6s6sHBBHBBI")


class PacketSocket:
    """Frames of AoE on an interface."""

    def __init__(self, interface):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(AOE))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.socket.bind((interface, 0))
        self.mac = self.socket.getsockname()[4]

    def send(self, frames):
        for frame in frames:
            self.socket.send(frame)

    def receive(self, seconds):
        """What there is, within the time."""
        return [self.socket.recv(65536)] if select.select([self.socket], [], [], seconds)[0] else []


class FrameStream:
    """Frames behind their lengths (u32be), as QEMU's `-netdev stream` has them."""

    mac = bytes.fromhex("02000000a0e1")

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.rest = b""

    def send(self, frames):
        self.socket.sendall(b"".join(struct.pack(">I", len(frame)) + frame for frame in frames))

    def receive(self, seconds):
        if not select.select([self.socket], [], [], seconds)[0]:
            return []
        received = self.rest + self.socket.recv(1 << 20)
        frames, at = [], 0
        while len(received) - at >= 4:
            (length,) = struct.unpack_from(">I", received, at)
            if len(received) - at - 4 < length:
                break
            frames.append(received[at + 4 : at + 4 + length])
            at += 4 + length
        self.rest = received[at:]
        return [frame for frame in frames if frame[12:14] == AOE.to_bytes(2, "big")]


def main():
    where, shelf, slot, mebibytes = sys.argv[1], *map(int, sys.argv[2:5])
    wire = FrameStream(where) if where.startswith("/") else PacketSocket(where)
    own = wire.mac

    def frame(to, command, tag, argument):
        return HEADER.pack(to, own, AOE, 0x10, 0, shelf, slot, command, tag) + argument

    def target_of(answer):
        _, target, _, flags, _, answered_shelf, answered_slot, command, _ = HEADER.unpack_from(answer)
        if flags & 8 and command == CONFIG and (answered_shelf, answered_slot) == (shelf, slot):
            buffers, _, sectors = struct.unpack_from(">HHB", answer, HEADER.size)
            return target, min(buffers, MOST_UNDER_WAY), sectors
        return None

    found = []
    while not found:
        wire.send([frame(b"\xff" * 6, CONFIG, 0, bytes(8))])
        found = [each for each in map(target_of, wire.receive(1)) if each]
    target, most, sectors = found[0]

    total = (mebibytes << 20) // 512
    read = bytearray(total * 512)
    under_way, next_sector, done, again = {}, 0, 0, 0
    started = time.monotonic()
    while done < total:
        now = time.monotonic()
        requests = []
        while next_sector < total and len(under_way) < most:
            count = min(sectors, total - next_sector)
            argument = struct.pack("<BBBBIH2x", LBA48, 0, count, READ_EXT, next_sector, 0)
            requests.append(frame(target, ATA, next_sector, argument))
            under_way[next_sector] = [now + AGAIN_SECONDS, count, requests[-1]]
            next_sector += count
        late = [waiting for waiting in under_way.values() if waiting[0] <= now]
        for waiting in late:
            waiting[0] = now + AGAIN_SECONDS
        again += len(late)
        wire.send(requests + [waiting[2] for waiting in late])
        for answer in wire.receive(AGAIN_SECONDS):
            flags, error, tag = answer[14], answer[15], struct.unpack_from(">I", answer, 20)[0]
            if not flags & 8 or answer[19] != ATA or tag not in under_way:
                continue
            if flags & 4 or answer[HEADER.size + 3] & 1:
                status = answer[HEADER.size + 3]
                sys.exit(f"the target refuses sector {tag}: AoE error {error}, ATA status {status:#x}")
            _, count, _ = under_way.pop(tag)
            at = HEADER.size + 12
            read[tag * 512 : (tag + count) * 512] = answer[at : at + count * 512]
            done += count
    seconds = time.monotonic() - started
    digest = hashlib.sha256(read).hexdigest()
    print(json.dumps({"bytes": total * 512, "seconds": seconds, "sha256": digest, "sectors": sectors, "again": again}))


main()
