"""Each ingress on real nodes, with the annotations that the program gives the hub's Ingress."""

from __future__ import annotations

import base64
import json
import ssl
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
import yaml

from sandbox.clusters import pki
from sandbox.clusters.nodes.network import POD_RANGES
from sandbox.layout import ROOT
from sandbox.tests.magnum import Kubectl, eventually
from sandbox.tests.real.ingresses import KINDS, Kind
from sandbox.tests.real.pods import pod, ready, service
from sandbox.tests.real.web import Site

HUB = yaml.safe_load((ROOT / "hub_values" / "base.yaml").read_text(encoding="utf-8"))["ingress"]
PREFIX = "nginx.ingress.kubernetes.io"
PATIENT, HASTY = "patient.sandbox.test", "hasty.sandbox.test"
HASTE_S = 2
UPLOAD = 8 * 1024**2
"""More than a controller keeps of a body in memory. Bytes."""
FORGED = {f"X-Forwarded-{what}": "forged" for what in ("For", "Host", "Proto", "Port")} | {
    "X-Real-Ip": "forged"
}
"""What a client may say of itself, and nobody should believe."""
CA = pki.new_ca("Test")


def ingress(host: str, annotations: dict[str, str], **spec: Any) -> dict[str, Any]:
    """An Ingress of the Service front for `host`, with TLS."""
    backend = {"service": {"name": "front", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": host.partition(".")[0], "annotations": annotations},
        "spec": {
            "rules": [{"host": host, "http": {"paths": [path]}}],
            "tls": [{"hosts": [host], "secretName": "front-tls"}],
            **spec,
        },
    }


def secret() -> dict[str, Any]:
    """The certificate of both hosts."""
    served = pki.issue(CA, PATIENT, hosts=(PATIENT, HASTY))
    pair = {"tls.crt": served.certificate, "tls.key": served.key}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "front-tls"},
        "data": {key: base64.b64encode(value).decode() for key, value in pair.items()},
    }


@pytest.fixture(scope="module")
def trust() -> ssl.SSLContext:
    """Trusts the test's own authority, and no other."""
    return ssl.create_default_context(cadata=CA.certificate.decode())


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest, kubectl: Kubectl, sandbox_env: dict[str, str]) -> Iterator[Kind]:
    """An ingress controller that is installed; the next one comes when it is gone, as in a switch."""
    installed = KINDS[request.param]
    installed.install(kubectl, sandbox_env)
    yield installed
    kubectl.run("delete", "ingress", "--all")
    installed.remove(kubectl)


@pytest.fixture(scope="module")
def sites(
    kind: Kind, kubectl: Kubectl, sandbox_env: dict[str, str], trust: ssl.SSLContext
) -> dict[str, Site]:
    """One host with the hub's annotations, and one whose timeouts are short."""
    hasty = {f"{PREFIX}/proxy-{what}-timeout": str(HASTE_S) for what in ("read", "send")}
    kubectl.apply(
        pod("front"), service("front"), secret(), ingress(PATIENT, HUB["annotations"]), ingress(HASTY, hasty)
    )
    ready(kubectl, "front")
    address = kind.address(kubectl)
    made = {host: Site(host, address, sandbox_env) for host in (PATIENT, HASTY)}

    def served_by_all() -> bool:
        try:
            return all(site.ask(trust=trust).status == 200 for site in made.values())
        except OSError:
            return False

    eventually(served_by_all)
    return made


def test_it_answers_through_the_floating_address_with_the_secrets_certificate(
    sites: dict[str, Site], trust: ssl.SSLContext
) -> None:
    assert sites[PATIENT].ask(trust=trust).read() == b"front"
    with pytest.raises(ssl.SSLCertVerificationError):
        Site("other.sandbox.test", sites[PATIENT].address, sites[PATIENT].env).connect(trust=trust)


def test_plain_http_is_sent_to_https(sites: dict[str, Site]) -> None:
    answer = sites[PATIENT].ask("/hub/login?next=1", port=80)
    assert (answer.status, answer.headers["Location"]) == (308, f"https://{PATIENT}/hub/login?next=1")


def test_an_ingress_has_the_floating_address(kubectl: Kubectl, sites: dict[str, Site]) -> None:
    def status() -> Any:
        return kubectl.get("ingress", "patient")["status"]["loadBalancer"].get("ingress")

    assert eventually(status) == [{"ip": sites[PATIENT].address}]


@pytest.mark.parametrize(("beyond", "status"), [(0, 200), (1, 413)])
def test_a_body_has_a_limit(sites: dict[str, Site], trust: ssl.SSLContext, beyond: int, status: int) -> None:
    assert HUB["annotations"][f"{PREFIX}/proxy-body-size"] == "500m"
    length = str(500 * 1024**2 + beyond)
    with sites[PATIENT].connect(trust=trust) as connection:
        # With this header nobody sends the body before the server agrees.
        words = ["POST / HTTP/1.1", f"Host: {PATIENT}", f"Content-Length: {length}", "Expect: 100-continue"]
        connection.sendall("\r\n".join([*words, "", ""]).encode())
        agreed = connection.recv(1000).split(b" ")[1]
    assert int(agreed) == {200: 100}.get(status, status)


def test_a_file_arrives_whole(sites: dict[str, Site], trust: ssl.SSLContext) -> None:
    with sites[PATIENT].connect(trust=trust) as connection:
        words = [
            "POST /length HTTP/1.1",
            f"Host: {PATIENT}",
            f"Content-Length: {UPLOAD}",
            "Connection: close",
        ]
        connection.sendall("\r\n".join([*words, "", ""]).encode() + bytes(UPLOAD))
        said = b"".join(iter(lambda: connection.recv(1000), b""))
    assert said.endswith(f"\r\n\r\n{UPLOAD}".encode()), said


def test_what_is_not_at_its_end_is_seen_at_once(sites: dict[str, Site], trust: ssl.SSLContext) -> None:
    assert sites[PATIENT].ask("/stream", trust=trust).readline() == b"data: first\n"


def test_the_pod_is_told_how_it_was_asked(
    kind: Kind, kubectl: Kubectl, sites: dict[str, Site], trust: ssl.SSLContext
) -> None:
    told = json.loads(sites[PATIENT].ask("/headers", trust=trust, headers=FORGED).read())
    assert told["Host"] == told["X-Forwarded-Host"] == [PATIENT]
    assert (told["X-Forwarded-Proto"], told["X-Forwarded-Port"]) == (["https"], ["443"])
    assert told["X-Forwarded-For"] == told["X-Real-Ip"]
    (seen,) = map(ip_address, told["X-Forwarded-For"])
    nodes = kubectl.get("nodes")["items"]
    addresses = [one["address"] for node in nodes for one in node["status"]["addresses"]]
    # With ingress-nginx a node may put itself, or its pods' gateway, in the place (docs/login.md).
    from_a_node = str(seen) in addresses or seen in ip_network(POD_RANGES)
    assert from_a_node is (kind is KINDS["nginx"])


def test_a_pod_that_does_not_answer_in_time(sites: dict[str, Site], trust: ssl.SSLContext) -> None:
    assert sites[HASTY].ask("/slow", trust=trust).status == 504


@pytest.mark.parametrize(("host", "lasts"), [(PATIENT, True), (HASTY, False)])
def test_a_websocket_lives_as_long_as_the_annotations_say(
    sites: dict[str, Site], trust: ssl.SSLContext, host: str, lasts: bool
) -> None:
    with sites[host].connect(trust=trust) as connection:
        words = ["GET / HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket"]
        connection.sendall("\r\n".join([*words, "", ""]).encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 101")
        connection.sendall(b"before")
        assert connection.recv(100) == b"before"
        time.sleep(HASTE_S + 1)
        connection.sendall(b"after")
        assert (connection.recv(100) == b"after") is lasts


def test_of_another_class_it_serves_none(kubectl: Kubectl, sites: dict[str, Site]) -> None:
    ours, other = "ours.sandbox.test", "other.sandbox.test"
    kubectl.apply(ingress(ours, {}), ingress(other, {}, ingressClassName="other"))
    asked = {host: Site(host, sites[PATIENT].address, sites[PATIENT].env) for host in (ours, other)}
    eventually(lambda: asked[ours].ask(port=80).status == 308)
    assert asked[other].ask(port=80).status == 404
