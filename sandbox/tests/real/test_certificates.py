"""cert-manager and an ACME server on real nodes: what the program's issuers and the hub's Ingress get."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from components.certificates.cert_manager import CONTROL_PLANE, SERVERS
from components.cluster.nodegroup import node_selector
from sandbox.tests.fixtures import processes_of
from sandbox.tests.magnum import Kubectl, eventually
from sandbox.tests.real import web
from sandbox.tests.real.ingresses import KINDS
from sandbox.tests.real.pods import asked, pod, ready, service
from sandbox.tests.real.test_ingress import ingress
from sandbox.tests.real.web import Site

ISSUED_S = 60
INJECTED_S = 10
ISSUER = "letsencrypt-staging"
EXPIRES = "certmanager_certificate_expiration_timestamp_seconds{"
PINNED = {"nodeSelector": node_selector("default-worker")}


def issuer(server: str) -> dict[str, Any]:
    """A ClusterIssuer as the program makes it (components/certificates/cert_manager.py)."""
    solver = {"http01": {"ingress": {"ingressClassName": "nginx"}}}
    acme = {
        "server": SERVERS[server],
        "email": "operator@example.org",
        "privateKeySecretRef": {"name": f"letsencrypt-{server}-account"},
        "solvers": [solver],
    }
    metadata = {"name": f"letsencrypt-{server}"}
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "ClusterIssuer",
        "metadata": metadata,
        "spec": {"acme": acme},
    }


def is_ready(kubectl: Kubectl, kind: str, name: str) -> bool:
    found = kubectl.get(kind, name).get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in found)


@pytest.fixture(scope="module")
def issued(kubectl: Kubectl, sandbox_env: dict[str, str]) -> Kubectl:
    """A cluster with the ingress, cert-manager and both of the program's issuers."""
    KINDS["nginx"].install(kubectl, sandbox_env)
    parts = ("webhook", "cainjector", "startupapicheck")
    web.install(
        kubectl, "cert-manager", {"crds": {"enabled": True}, **PINNED, **dict.fromkeys(parts, PINNED)}
    )
    kubectl.apply(*map(issuer, SERVERS), pod("front"), service("front"))
    ready(kubectl, "front")
    return kubectl


@pytest.fixture(scope="module")
def gate(issued: Kubectl, cloud: Connection, sandbox_env: dict[str, str]) -> Iterator[Site]:
    """The host of an Ingress that asks for a certificate, with its record in the project's zone."""
    zone = next(iter(cloud.dns.zones()))
    site = Site(f"gate.{zone.name.rstrip('.')}", KINDS["nginx"].address(issued), sandbox_env)
    record = cloud.dns.create_recordset(zone, name=f"{site.host}.", type="A", ttl=60, records=[site.address])
    issued.apply(ingress(site.host, {"cert-manager.io/cluster-issuer": ISSUER}))
    yield site
    cloud.dns.delete_recordset(record, zone)


def trust(env: dict[str, str]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=env["SANDBOX_CA_BUNDLE"])


@pytest.mark.parametrize("server", SERVERS)
def test_an_issuer_gets_its_account(issued: Kubectl, server: str) -> None:
    eventually(lambda: is_ready(issued, "clusterissuer", f"letsencrypt-{server}"))


def test_the_webhook_refuses_what_is_wrong(issued: Kubectl) -> None:
    wrong = {**issuer("staging"), "metadata": {"name": "wrong"}, "spec": {"acme": {"server": ""}}}
    with pytest.raises(AssertionError, match="admission webhook"):
        issued.apply(wrong)


def test_the_api_server_trusts_each_new_authority_of_the_webhook(issued: Kubectl) -> None:
    name = "cert-manager-webhook"
    secret = f"{name}-ca"

    def authorities(*but: bytes) -> list[bytes]:
        listed = issued.get("secrets", "--namespace=cert-manager")["items"]
        found = [one["data"]["ca.crt"] for one in listed if one["metadata"]["name"] == secret]
        return [one for one in (base64.b64decode(one).strip() for one in found) if one not in but]

    def trusted(kind: str, authority: bytes) -> bool:
        [hook] = issued.get(f"{kind}webhookconfiguration", name)["webhooks"]
        return authority in base64.b64decode(hook["clientConfig"]["caBundle"])

    # An injector that looked for it too early missed every fourth.
    for _ in range(10):
        [before] = authorities()
        issued.run("delete", "secret", secret, "--namespace=cert-manager")
        [authority] = eventually(partial(authorities, before))
        for kind in ("validating", "mutating"):
            eventually(partial(trusted, kind, authority), timeout_s=INJECTED_S)


def test_on_the_control_plane_it_would_not_run(issued: Kubectl) -> None:
    said = web.helm(issued, "cert-manager", CONTROL_PLANE, "template", "--dry-run=server")
    assert "control-plane nodes run no containers" in said


def test_the_ingress_gets_a_certificate_that_browsers_can_verify(
    issued: Kubectl, gate: Site, sandbox_env: dict[str, str]
) -> None:
    eventually(lambda: is_ready(issued, "certificate", "front-tls"), timeout_s=ISSUED_S)
    eventually(lambda: verified(gate, sandbox_env))
    assert gate.ask(trust=trust(sandbox_env)).read() == b"front"
    assert not verified(Site("other.test", gate.address, gate.env), sandbox_env)
    # The solver's objects are gone, and no stand-in had a hand in it.
    eventually(lambda: not issued.get("challenges")["items"])
    assert issued.get("order")["items"][0]["status"]["url"].startswith(
        SERVERS["staging"].partition("/dir")[0]
    )


def verified(site: Site, env: dict[str, str]) -> bool:
    try:
        site.connect(trust=trust(env)).close()
    except OSError:
        return False
    return True


def test_it_tells_when_the_certificate_expires(issued: Kubectl, gate: Site) -> None:
    eventually(lambda: is_ready(issued, "certificate", "front-tls"), timeout_s=ISSUED_S)
    expires = datetime.fromisoformat(issued.get("certificate", "front-tls")["status"]["notAfter"])
    told = asked(issued, "http://cert-manager.cert-manager:9402/metrics")
    [line] = [line for line in told.splitlines() if line.startswith(EXPIRES)]
    assert 'name="front-tls",namespace="default"' in line
    assert float(line.split()[-1]) == expires.timestamp()


def test_the_account_outlives_the_server(issued: Kubectl, gate: Site, sandbox_env: dict[str, str]) -> None:
    eventually(lambda: is_ready(issued, "certificate", "front-tls"), timeout_s=ISSUED_S)
    [before] = processes_of(sandbox_env, "acme-server")
    before.kill()
    [after] = eventually(
        lambda: [one for one in processes_of(sandbox_env, "acme-server") if one.pid != before.pid]
    )
    assert after.is_running()
    issued.run("delete", "secret", "front-tls")
    eventually(lambda: revision(issued) == 2, timeout_s=ISSUED_S)
    eventually(lambda: verified(gate, sandbox_env))
    assert Path(sandbox_env["SANDBOX_CA_BUNDLE"]).read_text().count("BEGIN CERTIFICATE") > 1


def test_by_traefik_the_solver_is_reached_as_well(
    issued: Kubectl, gate: Site, sandbox_env: dict[str, str]
) -> None:
    eventually(lambda: is_ready(issued, "certificate", "front-tls"), timeout_s=ISSUED_S)
    before = revision(issued)
    KINDS["nginx"].remove(issued)
    KINDS["traefik"].install(issued, sandbox_env, gate.address)
    assert KINDS["traefik"].address(issued) == gate.address
    eventually(lambda: verified(gate, sandbox_env))
    issued.run("delete", "secret", "front-tls")
    eventually(lambda: revision(issued) == before + 1, timeout_s=ISSUED_S)
    eventually(lambda: verified(gate, sandbox_env))
    eventually(lambda: not issued.get("challenges")["items"])


def revision(kubectl: Kubectl) -> int:
    return int(kubectl.get("certificate", "front-tls")["status"].get("revision", 0))
