"""Users share nodes, not pods: no packet of one reaches the pod of another."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from playwright.sync_api import Browser

from tests.desktop.gateway import Gateway
from tests.desktop.pod import Pod
from tests.desktop.screen import Screen, session, until

NOTEBOOK = 8888
VNC = (5900, 5901, 6080)
"""Ports of VNC, X and noVNC. Nothing of ours listens there, so user1 has something listen."""
LISTEN = """
import socket, sys, time
kept = [socket.create_server(("0.0.0.0", int(port)), backlog=1024) for port in sys.argv[1:]]
time.sleep(3600)
"""
SCAN = """
import errno, json, select, socket, sys, time
host, ports = sys.argv[1], json.loads(sys.argv[2]) or range(1, 65536)
found, many = [], 16000
for first in range(0, len(ports), many):
    poll, open_ = select.epoll(), {}
    for port in ports[first:first + many]:
        one = socket.socket()
        one.setblocking(False)
        if one.connect_ex((host, port)) in (0, errno.EINPROGRESS):
            open_[one.fileno()] = (one, port)
            poll.register(one, select.EPOLLOUT)
    end = time.monotonic() + 4  # all of them are asked by now, and asked once more after a second
    while open_ and (left := end - time.monotonic()) > 0:
        for number, _ in poll.poll(left):
            one, port = open_.pop(number)
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                found.append(port)
            one.close()
    for one, _ in open_.values():
        one.close()
print(json.dumps(sorted(found)))
"""


def reached(pod: Pod, address: str, ports: Sequence[int] = ()) -> list[int]:
    """Those of the ports (all 65535 where none is given) that answer the pod at an address."""
    told = pod.run_in(pod.notebook, "python3", "-c", SCAN, address, json.dumps(list(ports)))
    return list(json.loads(told))


@pytest.fixture
def victim(screen: Screen, running: Gateway) -> Pod:
    """The first user's pod, at work, with listeners on more ports than ours."""
    pod = running.pods["user1"]
    script = 'python3 -c "$0" "$@" >/dev/null 2>&1 &'
    pod.run_in(pod.notebook, "sh", "-c", script, LISTEN, *map(str, VNC))
    return pod


def test_no_port_of_a_pod_is_reached_from_another_users(
    browser: Browser, running: Gateway, victim: Pod
) -> None:
    address = (victim.found() or {})["status"]["podIP"]
    ports = [*VNC, NOTEBOOK]
    until(lambda: reached(victim, address, ports) == ports)
    with session(browser, running, "user2", "Default", path="lab"):
        other = running.pods["user2"]
        own = (other.found() or {})["status"]["podIP"]
        assert reached(other, own, [NOTEBOOK]) == [NOTEBOOK], "the scan finds what listens"
        assert reached(other, address) == []
    assert reached(victim, address, ports) == ports, "all of it was there to be found"
