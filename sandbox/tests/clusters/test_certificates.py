"""cert-manager's part: when a Secret is taken as it is, why a challenge waits, and who signs."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography import x509

from sandbox import layout
from sandbox.clusters import pki
from sandbox.clusters.controller.certs import acme, certificates, certmanager, ingresses
from sandbox.clusters.controller.kube import Cache, Kube, Object

HOST = "hub.project.example.test"
ADDRESS = "203.0.113.7"
RELEASE = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/instance": "front"}


class Items:
    """A cache that holds what it is given."""

    def __init__(self, *things: Object) -> None:
        self.items = {thing["metadata"]["name"]: thing for thing in things}

    def values(self) -> list[Object]:
        return list(self.items.values())


def world(service: Object, ingress: Object) -> certmanager.World:
    ingress_class = {"metadata": {"name": "nginx", "labels": RELEASE}, "spec": {}}
    return certmanager.World(
        kube=cast(Kube, None),
        deployments=cast(Cache, Items()),
        services=cast(Cache, Items(service)),
        ingresses=cast(Cache, Items(ingress)),
        ingress_classes=cast(Cache, Items(ingress_class)),
        tls_secrets=cast(Cache, Items()),
        kinds={},
    )


def front(*addresses: str, labels: dict[str, str] = RELEASE) -> Object:
    return {
        "metadata": {"name": "front", "namespace": "front", "labels": labels},
        "spec": {"type": "LoadBalancer"},
        "status": {"loadBalancer": {"ingress": [{"ip": ip} for ip in addresses]}},
    }


def hub(class_name: str = "nginx") -> Object:
    return {
        "metadata": {"name": "hub", "namespace": "jhub"},
        "spec": {"ingressClassName": class_name, "rules": [{"host": HOST}]},
    }


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets what the name server answers."""

    def answer(*addresses: str) -> None:
        monkeypatch.setattr(acme, "resolve", lambda host: list(addresses))

    return answer


@pytest.mark.parametrize(
    ("service", "ingress", "resolved", "reason"),
    [
        (front(ADDRESS), hub(), [ADDRESS], None),
        (front(ADDRESS), hub(), [], f"lookup {HOST}: no such host"),
        (front(ADDRESS), hub(), ["203.0.113.9"], "leads to 203.0.113.9, the Ingress is at 203.0.113.7"),
        (front(), hub(), [ADDRESS], "the Ingress has no address yet"),
        (front(ADDRESS), hub("traefik"), [ADDRESS], "the Ingress has no address yet"),
        (front(ADDRESS, labels={}), hub(), [ADDRESS], "the Ingress has no address yet"),
    ],
)
def test_a_challenge_is_met_only_when_the_name_leads_to_the_ingress(
    answers: Callable[..., None], service: Object, ingress: Object, resolved: list[str], reason: str | None
) -> None:
    answers(*resolved)
    found = acme.obstacle(world(service, ingress), "jhub", HOST, "token")
    assert found is None if reason is None else reason in (found or "")


def test_an_ingress_of_another_namespace_does_not_answer_the_challenge(answers: Callable[..., None]) -> None:
    answers(ADDRESS)
    assert acme.obstacle(world(front(ADDRESS), hub()), "other", HOST, "token")


def test_an_ingress_without_a_class_is_at_the_default_class() -> None:
    ingress = hub()
    del ingress["spec"]["ingressClassName"]
    there = world(front(ADDRESS), ingress)
    assert ingresses.addresses(there, ingress) == []
    there.ingress_classes.items["nginx"]["metadata"]["annotations"] = {ingresses.DEFAULT_CLASS: "true"}
    assert ingresses.addresses(there, ingress) == [ADDRESS]


def certificate(*names: str, issuer: str = "letsencrypt") -> Object:
    return {
        "metadata": {"name": "tls", "namespace": "jhub"},
        "spec": {
            "dnsNames": list(names),
            "issuerRef": {"name": issuer, "kind": "ClusterIssuer"},
            "secretName": "tls",
        },
    }


def secret(*names: str, days: int = 90, issuer: str = "letsencrypt") -> Object:
    _, request = pki.signing_request(names)
    signed = pki.sign_request(pki.new_ca("test"), request, days=days)
    annotations = {
        "cert-manager.io/issuer-name": issuer,
        "cert-manager.io/issuer-kind": "ClusterIssuer",
        "cert-manager.io/issuer-group": "cert-manager.io",
    }
    return {
        "metadata": {"name": "tls", "annotations": annotations},
        "data": {"tls.crt": base64.b64encode(signed).decode()},
    }


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (secret(HOST), None),
        (None, "DoesNotExist"),
        ({"metadata": {"name": "tls"}, "data": {}}, "MissingData"),
        (secret(HOST, issuer="staging"), "IncorrectIssuer"),
        (secret("other.example.test"), "SecretMismatch"),
        (secret(HOST, days=0), "Renewing"),
    ],
)
def test_a_secret_is_issued_anew_when_it_is_not_what_the_certificate_wants(
    found: Object | None, reason: str | None
) -> None:
    fault = certificates.fault(certificate(HOST), found)
    assert (fault[0] if fault else None) == reason


def test_what_the_sandbox_ca_signs_is_verified_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "RUN", tmp_path)
    _, request = pki.signing_request([HOST])
    signed = x509.load_pem_x509_certificate(pki.sign_request(pki.sandbox_ca(), request, days=acme.DAYS))
    ca = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    signed.verify_directly_issued_by(ca)
    assert pki.names_of(signed) == [HOST]
    assert signed.not_valid_after_utc - signed.not_valid_before_utc == (
        datetime.timedelta(days=acme.DAYS) + pki.BACKDATE
    )
    assert pki.sandbox_ca().certificate == (tmp_path / "ca.pem").read_bytes()


def test_the_key_of_the_sandbox_ca_is_its_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "RUN", tmp_path)
    pki.sandbox_ca()
    assert (tmp_path / "ca-key.pem").stat().st_mode & 0o077 == 0


class Recorder:
    """An API server that takes everything and keeps it."""

    def __init__(self) -> None:
        self.created: list[tuple[str, Object]] = []

    def create(self, path: str, body: Object, **_: Any) -> Object:
        self.created.append((path, body))
        return body


def test_an_annotated_ingress_asks_for_one_certificate_a_secret() -> None:
    ingress = hub()
    ingress.update(apiVersion="networking.k8s.io/v1", kind="Ingress")
    ingress["metadata"].update(uid="u", annotations={"cert-manager.io/cluster-issuer": "letsencrypt"})
    ingress["spec"]["tls"] = [{"hosts": [HOST], "secretName": "tls"}, {"hosts": [HOST]}]
    api = Recorder()
    there = certmanager.World(
        **{**vars(world(front(), ingress)), "kube": api, "kinds": {"Certificate": Items()}},
    )
    ingresses.ask_for_certificates(there, ingress)
    assert [path for path, _ in api.created] == ["/apis/cert-manager.io/v1/namespaces/jhub/certificates"]
    body = api.created[0][1]
    assert body["spec"]["dnsNames"] == [HOST]
    assert body["spec"]["issuerRef"] == {
        "name": "letsencrypt",
        "kind": "ClusterIssuer",
        "group": "cert-manager.io",
    }
    assert body["metadata"]["ownerReferences"][0]["uid"] == "u"
