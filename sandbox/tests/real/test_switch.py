"""From one ingress to the other at the same address, as `pulumi up` does it: how long nobody is answered."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator

import pytest
from openstack.connection import Connection

from components.edge.controller import INGRESS_CLASS
from sandbox.tests.magnum import Kubectl, eventually
from sandbox.tests.real.ingresses import KINDS
from sandbox.tests.real.pods import pod, ready, service
from sandbox.tests.real.test_ingress import CA, PATIENT, ingress, secret
from sandbox.tests.real.web import on_loopback

LONGEST_S = 120
EVERY_S = 0.2


@pytest.fixture(scope="module")
def address(cloud: Connection) -> Iterator[str]:
    """A floating IP of the project's own, as a gateway reserves it."""
    network = cloud.network.find_network("public", ignore_missing=False)
    made = cloud.network.create_ip(floating_network_id=network.id)
    yield str(made.floating_ip_address)
    cloud.network.delete_ip(made)


class Client(threading.Thread):
    """Asks again and again; `away_s` is the longest time between two answers."""

    def __init__(self, where: tuple[str, int]) -> None:
        super().__init__()
        self.away_s = 0.0
        self.answers = 0
        self.over = threading.Event()
        self._where = where
        self._trust = ssl.create_default_context(cadata=CA.certificate.decode())

    def run(self) -> None:
        """Ask until it is over."""
        last = time.monotonic()
        while not self.over.wait(EVERY_S):
            if self._answered():
                self.answers += 1
                self.away_s = max(self.away_s, time.monotonic() - last)
                last = time.monotonic()

    def _answered(self) -> bool:
        try:
            with (
                socket.create_connection(self._where, timeout=2) as plain,
                self._trust.wrap_socket(plain, server_hostname=PATIENT) as connection,
            ):
                connection.sendall(f"GET / HTTP/1.1\r\nHost: {PATIENT}\r\n\r\n".encode())
                return connection.recv(100).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


@pytest.mark.parametrize(("former", "other"), [("nginx", "traefik"), ("traefik", "nginx")])
def test_users_are_away_for_a_moment(
    kubectl: Kubectl, sandbox_env: dict[str, str], address: str, former: str, other: str
) -> None:
    if former == "nginx":
        # As the hub's, it names its class: the default one is not there yet.
        named = ingress(PATIENT, {}, ingressClassName=INGRESS_CLASS)
        kubectl.apply(pod("front"), service("front"), secret(), named)
        ready(kubectl, "front")
        KINDS["nginx"].install(kubectl, sandbox_env, address)
        KINDS["traefik"].have_images(sandbox_env)
    where = eventually(lambda: on_loopback(sandbox_env, address, 443))
    assert where
    client = Client(where)
    client.start()
    eventually(lambda: client.answers > 2)
    client.away_s = 0
    KINDS[former].remove(kubectl)
    gone = client.answers
    KINDS[other].install(kubectl, sandbox_env, address)
    assert KINDS[other].address(kubectl) == address
    eventually(lambda: client.answers > gone)
    client.over.set()
    client.join()
    print(f"{former} to {other}: away for {client.away_s:.1f} s")
    assert 0 < client.away_s < LONGEST_S
