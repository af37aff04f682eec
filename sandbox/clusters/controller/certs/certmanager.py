"""cert-manager's part, played while its Deployment is available: from an Ingress to a Secret.

Kinds, names, conditions and reasons are cert-manager's, so that what an operator reads here is what she would
read there. The certificate authority is the sandbox's own; it looks whether the name leads to the Ingress.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.clusters.controller.kube import Cache, Kube, Object

GROUP = "cert-manager.io"
ACME_GROUP = "acme.cert-manager.io"
V1 = f"{GROUP}/v1"
ACME_V1 = f"{ACME_GROUP}/v1"
CONTROLLER_IMAGE = "cert-manager-controller"
PLURALS = {
    "Certificate": "certificates",
    "CertificateRequest": "certificaterequests",
    "Issuer": "issuers",
    "ClusterIssuer": "clusterissuers",
    "Order": "orders",
    "Challenge": "challenges",
}


def collection(kind: str, namespace: str | None = None) -> str:
    """The API path of all objects of one of cert-manager's kinds."""
    version = ACME_V1 if kind in ("Order", "Challenge") else V1
    inside = f"namespaces/{namespace}/" if namespace else ""
    return f"/apis/{version}/{inside}{PLURALS[kind]}"


def path(thing: Object) -> str:
    """The API path of one object of cert-manager's kinds."""
    meta = thing["metadata"]
    return f"{collection(thing['kind'], meta.get('namespace'))}/{meta['name']}"


def owned(owner: Object) -> list[Object]:
    """The owner references of what `owner` makes: it goes with it."""
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return [reference]


@dataclass(frozen=True, kw_only=True)
class World:
    """What cert-manager looks at, and the API server it writes to."""

    kube: Kube
    deployments: Cache
    services: Cache
    ingresses: Cache
    ingress_classes: Cache
    tls_secrets: Cache
    kinds: dict[str, Cache]
    """By kind: cert-manager's own."""

    def deployment(self) -> Object | None:
        """The Deployment of cert-manager's controller, if it is available: without it nothing happens."""
        for deployment in self.deployments.values():
            images = [one["image"] for one in deployment["spec"]["template"]["spec"]["containers"]]
            available = deployment.get("status", {}).get("availableReplicas", 0)
            if available and any(CONTROLLER_IMAGE in image for image in images):
                return deployment
        return None

    def find(self, kind: str, namespace: str | None, name: str) -> Object | None:
        """One object of cert-manager's kinds."""
        return self.kinds[kind].items.get(f"{namespace}/{name}" if namespace else name)

    def status(self, thing: Object, status: Object) -> None:
        """Write `status` into `thing`, if that changes it."""
        before = thing.get("status", {})
        if any(before.get(key) != value for key, value in status.items()):
            self.kube.patch(f"{path(thing)}/status", {"status": status})
