"""Certificates: a Secret that is as its Certificate wants it, by way of a CertificateRequest and an order."""

from __future__ import annotations

import base64
import datetime
import time

from cryptography import x509

from sandbox.clusters import pki
from sandbox.clusters.controller.certs import acme, conditions, ingresses, issuers
from sandbox.clusters.controller.certs.certmanager import GROUP, V1, World, collection, owned, path
from sandbox.clusters.controller.kube import Object

RETRY_S = 2.0
LONGEST_SLEEP_S = 3600.0
RENEW_AT = 2 / 3
"""The share of its life after which a certificate is renewed (cert-manager's default)."""
REVISION = f"{GROUP}/certificate-revision"
KEY_SECRET = f"{GROUP}/private-key-secret-name"


def _stamp(moment: datetime.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _renewal(certificate: x509.Certificate) -> datetime.datetime:
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    return certificate.not_valid_before_utc + life * RENEW_AT


def _from_secret(secret: Object | None) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(base64.b64decode((secret or {})["data"]["tls.crt"]))
    except (KeyError, ValueError):
        return None


def _issuer_annotations(certificate: Object) -> dict[str, str]:
    reference = certificate["spec"]["issuerRef"]
    return {
        f"{GROUP}/issuer-name": reference["name"],
        f"{GROUP}/issuer-kind": reference.get("kind", "Issuer"),
        f"{GROUP}/issuer-group": reference.get("group", GROUP),
    }


def fault(certificate: Object, secret: Object | None) -> tuple[str, str] | None:
    """Reason and message why the Secret is not what the Certificate wants; None: it is."""
    if secret is None:
        return "DoesNotExist", "Issuing certificate as Secret does not exist"
    issued = _from_secret(secret)
    if issued is None:
        return "MissingData", "Issuing certificate as Secret does not contain a certificate"
    annotations = secret["metadata"].get("annotations", {})
    wanted = _issuer_annotations(certificate)
    if any(annotations.get(key) != value for key, value in wanted.items()):
        return "IncorrectIssuer", "Issuing certificate as Secret was previously issued by another issuer"
    if sorted(pki.names_of(issued)) != sorted(certificate["spec"]["dnsNames"]):
        return "SecretMismatch", "Issuing certificate as the names in the Secret are not those of the spec"
    if _renewal(issued) <= datetime.datetime.now(datetime.UTC):
        return "Renewing", f"Renewing certificate as renewal was scheduled at {_stamp(_renewal(issued))}"
    return None


class Certificates:
    """cert-manager's controllers, one after another."""

    def __init__(self, world: World) -> None:
        self._world = world

    def reconcile(self) -> float | None:
        """Publish addresses; while cert-manager is installed, register issuers and issue certificates."""
        for ingress in self._world.ingresses.values():
            ingresses.publish(self._world, ingress)
        deployment = self._world.deployment()
        if deployment is None:
            return None
        for kind in ("Issuer", "ClusterIssuer"):
            for issuer in self._world.kinds[kind].values():
                issuers.register(self._world, issuer, deployment["metadata"]["namespace"])
        if self._world.kinds["Certificate"].exists:
            for ingress in self._world.ingresses.values():
                ingresses.ask_for_certificates(self._world, ingress)
        waits = [self._certificate(one) for one in self._world.kinds["Certificate"].values()]
        return min(waits, default=None)

    def _certificate(self, certificate: Object) -> float:
        """Issue `certificate` if that is needed; seconds until it wants to be looked at again."""
        meta = certificate["metadata"]
        if "deletionTimestamp" in meta:
            return LONGEST_SLEEP_S
        secret = self._world.tls_secrets.items.get(f"{meta['namespace']}/{certificate['spec']['secretName']}")
        why = fault(certificate, secret)
        issued = _from_secret(secret)
        if why is None and issued is not None:
            self._ready(certificate, issued)
            return min(LONGEST_SLEEP_S, max(RETRY_S, _renewal(issued).timestamp() - time.time()))
        self._issue(certificate, *(why or ("DoesNotExist", "")))
        return RETRY_S

    def _ready(self, certificate: Object, issued: x509.Certificate) -> None:
        text = "Certificate is up to date and has not expired"
        ready = conditions.put(certificate, "Ready", true=True, reason="Ready", message=text)
        self._world.status(
            certificate,
            {
                "conditions": [one for one in ready if one["type"] != "Issuing"],
                "notBefore": _stamp(issued.not_valid_before_utc),
                "notAfter": _stamp(issued.not_valid_after_utc),
                "renewalTime": _stamp(_renewal(issued)),
            },
        )

    def _issue(self, certificate: Object, reason: str, message: str) -> None:
        meta = certificate["metadata"]
        revision = certificate.get("status", {}).get("revision", 0) + 1
        ready = conditions.put(certificate, "Ready", true=False, reason=reason, message=message)
        status = {**certificate, "status": {"conditions": ready}}
        both = conditions.put(status, "Issuing", true=True, reason=reason, message=message)
        self._world.status(certificate, {"conditions": both})
        request = self._world.find("CertificateRequest", meta["namespace"], f"{meta['name']}-{revision}")
        if request is None:
            self._make_request(certificate, revision)
            return
        names = pki.names_in_request(base64.b64decode(request["spec"]["request"]))
        spec = certificate["spec"]
        if sorted(names) != sorted(spec["dnsNames"]) or request["spec"]["issuerRef"] != spec["issuerRef"]:
            self._world.kube.delete(path(request))
            return
        signed = self._advance(request)
        if signed is not None:
            self._store(certificate, request, signed, revision)

    def _make_request(self, certificate: Object, revision: int) -> None:
        meta = certificate["metadata"]
        key, request = pki.signing_request(certificate["spec"]["dnsNames"])
        key_name = f"{meta['name']}-key-{revision}"
        inside = f"/api/v1/namespaces/{meta['namespace']}/secrets"
        self._world.kube.delete(f"{inside}/{key_name}")
        secret: Object = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": key_name,
                "labels": {f"{GROUP}/next-private-key": "true"},
                "ownerReferences": owned(certificate),
            },
            "data": {"tls.key": base64.b64encode(key).decode()},
        }
        self._world.kube.create(inside, secret)
        annotations = {
            f"{GROUP}/certificate-name": meta["name"],
            REVISION: str(revision),
            KEY_SECRET: key_name,
        }
        body: Object = {
            "apiVersion": V1,
            "kind": "CertificateRequest",
            "metadata": {
                "name": f"{meta['name']}-{revision}",
                "annotations": annotations,
                "ownerReferences": owned(certificate),
            },
            "spec": {
                "request": base64.b64encode(request).decode(),
                "issuerRef": certificate["spec"]["issuerRef"],
                "usages": certificate["spec"].get("usages", ["digital signature", "key encipherment"]),
            },
        }
        self._world.kube.create(collection("CertificateRequest", meta["namespace"]), body, exists_ok=True)

    def _advance(self, request: Object) -> bytes | None:
        """Take the order of `request` further and say in its conditions how far it is."""
        approval = "Certificate request has been approved by cert-manager.io"
        approved = conditions.put(request, "Approved", true=True, reason=GROUP, message=approval)
        request = {**request, "status": {**request.get("status", {}), "conditions": approved}}
        hindered = issuers.obstacle(self._world, request)
        signed = None if hindered else acme.advance(self._world, request)
        if signed is not None:
            text = "Certificate fetched from issuer successfully"
            ready = conditions.put(request, "Ready", true=True, reason="Issued", message=text)
            encoded = base64.b64encode(signed).decode()
            self._write_request(request, {"conditions": ready, "certificate": encoded})
            return signed
        order = acme.order_of(self._world, request)
        waits = f"Waiting on certificate issuance from order {request['metadata']['namespace']}"
        named = order["metadata"]["name"] if order else "(being made)"
        text = hindered or f'{waits}/{named}: "pending"'
        ready = conditions.put(request, "Ready", true=False, reason="Pending", message=text)
        self._write_request(request, {"conditions": ready})
        return None

    def _write_request(self, request: Object, status: Object) -> None:
        meta = request["metadata"]
        known = self._world.find("CertificateRequest", meta["namespace"], meta["name"])
        if known is not None:
            self._world.status(known, status)

    def _store(self, certificate: Object, request: Object, signed: bytes, revision: int) -> None:
        meta = certificate["metadata"]
        inside = f"/api/v1/namespaces/{meta['namespace']}/secrets"
        key_name = request["metadata"]["annotations"][KEY_SECRET]
        key = self._world.kube.get(f"{inside}/{key_name}")["data"]["tls.key"]
        name = certificate["spec"]["secretName"]
        annotations = {
            f"{GROUP}/certificate-name": meta["name"],
            f"{GROUP}/alt-names": ",".join(certificate["spec"]["dnsNames"]),
            **_issuer_annotations(certificate),
        }
        data = {"tls.crt": base64.b64encode(signed).decode(), "tls.key": key}
        body: Object = {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {
                "name": name,
                "annotations": annotations,
                "labels": {f"controller.{GROUP}/fao": "true"},
            },
            "data": data,
        }
        self._world.kube.create(inside, body, exists_ok=True)
        self._world.kube.patch(f"{inside}/{name}", {"metadata": {"annotations": annotations}, "data": data})
        self._world.status(certificate, {"revision": revision})
        self._world.kube.delete(f"{inside}/{key_name}")
