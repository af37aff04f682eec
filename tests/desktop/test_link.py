"""The emulated link of bench-desktop has the rate and the delay that it claims."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.desktop.bench.link import RATE_MBIT, ROUND_TRIP_MS, slow

SEND = """
import socket, sys, time
server = socket.create_server(("198.18.99.1", 0)); print(server.getsockname()[1], flush=True)
peer, _ = server.accept(); end = time.monotonic() + 4; sent = 0
while time.monotonic() < end: sent += peer.send(b"x" * 65536)
"""
RECEIVE = """
import socket, sys, time
begin = time.monotonic(); s = socket.create_connection(("198.18.99.1", int(sys.argv[1])))
shake = time.monotonic() - begin; total = 0; begin = time.monotonic()
while data := s.recv(65536): total += len(data)
print(shake * 1000, total * 8e-6 / (time.monotonic() - begin))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="a network namespace needs root")
def test_rate_and_delay(tmp_path: Path) -> None:
    # The wrapper that would start Chromium starts the receiver behind the link.
    with slow(Path(sys.executable), tmp_path) as link:
        with subprocess.Popen([sys.executable, "-c", SEND], stdout=subprocess.PIPE, text=True) as sender:
            assert sender.stdout
            port = sender.stdout.readline().strip()
            received = subprocess.run(
                [link.chromium, "-c", RECEIVE, port], capture_output=True, text=True, check=True, timeout=60
            )
        handshake_ms, mbit = map(float, received.stdout.split())
    assert handshake_ms >= ROUND_TRIP_MS
    # Headers and TCP's start take a part; more than the rate would be a link that is none.
    assert RATE_MBIT * 0.5 < mbit < RATE_MBIT
