"""Settings of a running gateway are changed: what follows is done, or refused before anything is changed."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509
from openstack.connection import Connection

from tests.lifecycle.lifecycle import log_in
from tests.stack import Gateway

TLS = "certmanager-tls-jupyterhub"


@pytest.fixture(scope="module")
def gateway(new_gateway: Callable[[str], Gateway]) -> Gateway:
    """A gateway that is up."""
    gateway = new_gateway("changes")
    gateway.up()
    return gateway


def storage(gateway: Gateway, **settings: Any) -> None:
    """Change settings of `hub.storage`."""
    gateway.change(lambda config: config["gateway:hub"]["storage"].update(settings))


def certificates(gateway: Gateway, **settings: Any) -> None:
    """Change settings of `certificates`."""
    gateway.change(lambda config: config["gateway:certificates"].update(settings))


def release(gateway: Gateway) -> list[Any]:
    """Helm's history of the hub's release."""
    helm = ("helm", "--kubeconfig", str(gateway.kubeconfig))
    return gateway.run(*helm, "history", "-n", "jhub", "jhub").stdout.splitlines()


def served(gateway: Gateway) -> tuple[str, int]:
    """The issuer and the serial number of the certificate that the ingress has."""
    secret = gateway.kubectl("get", "secret", "-n", "jhub", TLS)
    certificate = x509.load_pem_x509_certificate(base64.b64decode(secret["data"]["tls.crt"]))
    return secret["metadata"]["annotations"]["cert-manager.io/issuer-name"], certificate.serial_number


def test_another_acme_server_issues_another_certificate(gateway: Gateway) -> None:
    issuer, serial = served(gateway)
    assert issuer == "letsencrypt-staging"
    certificates(gateway, acme="production")
    gateway.up()
    assert gateway.outputs()["certificate"].endswith("issued by letsencrypt-production")
    issuer, other = served(gateway)
    assert issuer == "letsencrypt-production"
    assert other != serial
    issuers = gateway.kubectl("get", "clusterissuers")["items"]
    assert [one["metadata"]["name"] for one in issuers] == ["letsencrypt-production"]
    gateway.up("--refresh", "--expect-no-changes")
    assert served(gateway) == (issuer, other)


def test_another_address_is_registered_with_the_acme_server(gateway: Gateway) -> None:
    before = served(gateway)
    certificates(gateway, email="others@jetstream-cloud.org")
    gateway.up()
    issuer = gateway.kubectl("get", "clusterissuer", "letsencrypt-production")
    assert issuer["status"]["acme"]["lastRegisteredEmail"] == "others@jetstream-cloud.org"
    assert served(gateway) == before


def test_without_homes_their_kind_may_change(gateway: Gateway) -> None:
    storage(gateway, type="none")
    gateway.up()
    storage(gateway, type="home")
    gateway.up()
    gateway.up("--expect-no-changes")


def test_homes_grow(gateway: Gateway, cloud: Connection) -> None:
    log_in(gateway)
    storage(gateway, sizeGib=20)
    gateway.up()
    claims = gateway.kubectl("get", "persistentvolumeclaims", "-n", "jhub")["items"]
    asked = {one["metadata"]["name"]: one["spec"]["resources"]["requests"]["storage"] for one in claims}
    assert asked == {"claim-user1": "20Gi", "claim-user2": "20Gi", "hub-db-dir": "1Gi"}
    name = "csi.storage.k8s.io/pvc/name"
    sizes = {
        volume.metadata[name]: volume.size
        for volume in cloud.block_storage.volumes()
        if name in volume.metadata  # the machines' root disks are volumes, too
    }
    assert sizes == {"claim-user1": 20, "claim-user2": 20, "hub-db-dir": 1}
    gateway.up("--refresh", "--expect-no-changes")


def test_what_claims_can_not_become_is_refused(gateway: Gateway) -> None:
    before, settings = (gateway.resources(), release(gateway)), gateway.settings.read_text()
    patch = ("patch", "storageclass", "default", "--patch")
    gateway.kubectl(*patch, '{"allowVolumeExpansion": false}')
    storage(gateway, **{"class": "replicated-hdd", "sizeGib": 30})
    shown = gateway.up(code=1)
    assert "gateway:hub.storage.class: must be default, what the hub's database has" in shown
    assert "gateway:hub.storage.sizeGib: must be at most 20, the size of home claim-user1" in shown
    assert "nothing was changed" in shown
    storage(gateway, **{"class": "default", "type": "none"})
    shown = gateway.up(code=1)
    assert (
        "gateway:hub.storage.type: must be home while there are homes, which nobody could reach any more"
        in shown
    )
    assert "(user1, user2)" in shown
    gateway.settings.write_text(settings)
    gateway.kubectl(*patch, '{"allowVolumeExpansion": true}')
    gateway.up("--expect-no-changes")
    assert (gateway.resources(), release(gateway)) == before
