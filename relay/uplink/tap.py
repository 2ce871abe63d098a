"""Joins a Linux tap interface to a pair of pipes: each frame goes as its length (u32be) and its bytes.

    python3 tap.py NAME [MTU]        in a namespace: ip netns exec NAMESPACE python3 tap.py NAME [MTU]

Opens the tap NAME (makes it, and takes it away at the end, where it does not exist), sets it up, and writes a length of 0 to
say that it is ready. Ends when its standard input ends. While its reader is slow it stops reading the tap: the kernel's own
queue then drops and counts (`ip -s link`).
"""

import errno
import fcntl
import os
import select
import socket
import struct
import sys

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFMTU = 0x8913, 0x8914, 0x8922
IFF_UP = 0x1
LARGEST_FRAME = 65536
BATCH = 1 << 18


def open_tap(name, mtu):
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF, struct.pack("16sH22x", name, IFF_TAP | IFF_NO_PI))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        if mtu:
            fcntl.ioctl(control, SIOCSIFMTU, struct.pack("16si20x", name, mtu))
        (flags,) = struct.unpack_from("H", fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sH22x", name, 0)), 16)
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH22x", name, flags | IFF_UP))
    return tap


def read_tap(tap, batch):
    """Reads frames into the batch until the tap is empty or the batch is full; returns the bytes used."""
    view = memoryview(batch)
    used = 0
    while used + 4 + LARGEST_FRAME <= len(batch):
        try:
            length = os.readv(tap, [view[used + 4 :]])
        except BlockingIOError:
            break
        struct.pack_into(">I", batch, used, length)
        used += 4 + length
    return used


def write_tap(tap, received):
    """Writes every whole frame to the tap and returns what is left over."""
    view = memoryview(received)
    at = 0
    while len(received) - at >= 4:
        (length,) = struct.unpack_from(">I", received, at)
        if len(received) - at - 4 < length:
            break
        try:
            os.write(tap, view[at + 4 : at + 4 + length])
        except OSError as error:
            # A frame that the kernel refuses (too short for Ethernet, interface down) is lost, as on any wire.
            if error.errno not in (errno.EINVAL, errno.EIO, errno.EAGAIN, errno.ENOBUFS, errno.ENOMEM):
                raise
        at += 4 + length
    return bytes(view[at:])


def main():
    name = sys.argv[1].encode()
    mtu = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    try:
        tap = open_tap(name, mtu)
    except OSError as error:
        sys.exit(f"the tap {sys.argv[1]} cannot be opened: {error.strerror}")
    from_relay, to_relay = 0, 1
    os.set_blocking(from_relay, False)
    os.set_blocking(to_relay, False)
    poll = select.poll()
    poll.register(from_relay, select.POLLIN)
    poll.register(tap, 0)
    poll.register(to_relay, select.POLLOUT)

    batch = bytearray(BATCH)
    unsent = memoryview(struct.pack(">I", 0))
    partial = b""
    while True:
        poll.modify(tap, 0 if unsent else select.POLLIN)
        poll.modify(to_relay, select.POLLOUT if unsent else 0)
        ready = dict(poll.poll())
        if ready.get(to_relay, 0) & (select.POLLERR | select.POLLHUP):
            return
        if tap in ready and not unsent:
            unsent = memoryview(batch)[: read_tap(tap, batch)]
        if unsent:
            try:
                unsent = unsent[os.write(to_relay, unsent) :]
            except BlockingIOError:
                pass
        if from_relay in ready:
            received = os.read(from_relay, BATCH)
            if not received:
                return
            partial = write_tap(tap, partial + received if partial else received)


try:
    main()
except (BrokenPipeError, ConnectionResetError, KeyboardInterrupt):
    pass
