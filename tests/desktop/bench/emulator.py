"""A link with a rate, a delay and a queue, packet by packet between two TUN devices.

The kernel's netem would do it, but many kernels come without it (virtual machines' above all); TUN is nearly
always there. As on a real link, TCP sees a queue that grows, and then loss.

`python -m tests.desktop.bench.emulator FD FD MBIT DELAY_MS LOST`: until it is terminated. LOST is the
part of the packets that is lost besides.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import struct
import sys
import time
from collections import deque

PACKET = 1500
QUEUE_MS = 100
"""How much a full queue delays; home routers hold about as much, or more."""

# From linux/if_tun.h: the request that makes a device, an IP device, without a header of its own.
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def open_tun(name: str) -> int:
    """Makes the TUN device `name`, which lasts until the file that is answered is closed."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


class Direction:
    """One way through the link, from one file to the other."""

    def __init__(self, source: int, target: int, *, mbit: float, delay_ms: float, lost: float) -> None:
        self.source = source
        self._lost = lost
        self._target = target
        self._seconds_per_byte = 8 / (mbit * 1e6)
        self._delay = delay_ms / 1000
        self._free = 0.0
        """When the last packet that was taken will have left the queue."""
        self._under_way: deque[tuple[float, bytes]] = deque()

    def take(self) -> None:
        """Takes the packets that have come; those for which the queue has no room are lost."""
        while True:
            try:
                packet = os.read(self.source, PACKET + 100)
            except BlockingIOError:
                return
            now = time.monotonic()
            begin = max(now, self._free)
            if begin - now > QUEUE_MS / 1000 or random.random() < self._lost:
                continue
            self._free = begin + len(packet) * self._seconds_per_byte
            self._under_way.append((self._free + self._delay, packet))

    def deliver(self) -> float | None:
        """Hands over what has arrived; seconds until the next packet does, None where none is under way."""
        while self._under_way:
            wait = self._under_way[0][0] - time.monotonic()
            if wait > 0:
                return wait
            try:
                os.write(self._target, self._under_way.popleft()[1])
            except OSError:
                continue  # a device that is down loses packets
        return None


def main(one: int, other: int, mbit: float, delay_ms: float, lost: float) -> None:
    """Emulates the link until it is terminated."""
    ways = [
        Direction(one, other, mbit=mbit, delay_ms=delay_ms, lost=lost),
        Direction(other, one, mbit=mbit, delay_ms=delay_ms, lost=lost),
    ]
    while True:
        waits = [wait for way in ways if (wait := way.deliver()) is not None]
        ready, _, _ = select.select([way.source for way in ways], [], [], min(waits, default=1.0))
        for way in ways:
            if way.source in ready:
                way.take()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *map(float, sys.argv[3:6]))
