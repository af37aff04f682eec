"""Users share nodes, not pods: no packet of one reaches the pod of another, or what runs the cluster."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Browser

from sandbox.tests.fixtures import processes_of
from sandbox.tests.real.pods import pod as simple_pod
from tests.desktop.gateway import Gateway
from tests.desktop.pod import NAMESPACE, Pod
from tests.desktop.screen import Screen, session, until

NOTEBOOK = 8888
METADATA = "169.254.169.254"
"""Where a cloud tells its servers what they are, credentials included."""
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


@pytest.fixture
def metadata(running: Gateway) -> Iterator[None]:
    """Something answers at the address of the metadata service, as in a cloud."""
    [forwarder] = processes_of(running.stack.env, "sandbox.clusters.nodes.forward")
    enter = ["nsenter", f"--net=/proc/{forwarder.info['cmdline'][3]}/ns/net"]
    subprocess.run([*enter, "ip", "address", "add", f"{METADATA}/32", "dev", "lo"], check=True)
    serve = [*enter, sys.executable, "-m", "http.server", "--bind", METADATA, "80"]
    with subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        yield
        server.terminate()
    subprocess.run([*enter, "ip", "address", "delete", f"{METADATA}/32", "dev", "lo"], check=True)


def test_a_user_reaches_the_hub_and_nothing_else_of_the_cluster(
    screen: Screen, running: Gateway, metadata: None
) -> None:
    pod = running.pods["user1"]
    ask = f"import socket; socket.create_connection(('{METADATA}', 80), timeout=4)"
    until(lambda: pod.kubectl.run("exec", "deploy/hub", "-n", NAMESPACE, "--", "python3", "-c", ask) == "")
    assert reached(pod, "hub", [8081]) == [8081]
    assert reached(pod, METADATA, [80]) == []
    assert reached(pod, "kubernetes.default.svc", [443]) == []
    assert reached(pod, (pod.found() or {})["status"]["hostIP"], [10250]) == [], "its node's kubelet"


def test_a_pod_with_a_privilege_is_refused(running: Gateway) -> None:
    privileged = simple_pod("privileged")
    privileged["metadata"]["namespace"] = NAMESPACE
    privileged["spec"]["containers"][0]["securityContext"] = {"privileged": True}
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        running.pods["user1"].kubectl.apply(privileged)
