"""Ingresses: the address they are reached at, and the Certificates that their annotations ask for."""

from __future__ import annotations

from sandbox.clusters.controller.certs.certmanager import GROUP, V1, World, collection, owned
from sandbox.clusters.controller.kube import Object

SAME_RELEASE = ("app.kubernetes.io/name", "app.kubernetes.io/instance")
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


def _addresses(service: Object) -> list[str]:
    ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    return [one["ip"] for one in ingress if "ip" in one]


def addresses(world: World, ingress: Object) -> list[str]:
    """The addresses of the load balancer in front of the Ingress's controller; none while there is none."""
    wanted = ingress["spec"].get("ingressClassName") or ingress["metadata"].get("annotations", {}).get(
        "kubernetes.io/ingress.class"
    )
    for found in world.ingress_classes.values():
        labels = found["metadata"].get("labels", {})
        default = found["metadata"].get("annotations", {}).get(DEFAULT_CLASS) == "true"
        if wanted == found["metadata"]["name"] or (wanted is None and default):
            for service in world.services.values():
                other = service["metadata"].get("labels", {})
                same = all(key in labels and labels[key] == other.get(key) for key in SAME_RELEASE)
                if same and service["spec"]["type"] == "LoadBalancer":
                    return _addresses(service)
    return []


def publish(world: World, ingress: Object) -> None:
    """Write the address into the Ingress's status, as its controller would, had it a process behind it."""
    wanted = [{"ip": ip} for ip in addresses(world, ingress)]
    if wanted and ingress.get("status", {}).get("loadBalancer", {}).get("ingress") != wanted:
        meta = ingress["metadata"]
        path = f"/apis/networking.k8s.io/v1/namespaces/{meta['namespace']}/ingresses/{meta['name']}/status"
        world.kube.patch(path, {"status": {"loadBalancer": {"ingress": wanted}}})


def _issuer(ingress: Object) -> Object | None:
    annotations = ingress["metadata"].get("annotations", {})
    for annotation, kind in (("cluster-issuer", "ClusterIssuer"), ("issuer", "Issuer")):
        if name := annotations.get(f"{GROUP}/{annotation}"):
            return {"name": name, "kind": kind, "group": GROUP}
    return None


def ask_for_certificates(world: World, ingress: Object) -> None:
    """Make the Certificates that `ingress` asks for, one for each Secret of its `tls`."""
    issuer = _issuer(ingress)
    meta = ingress["metadata"]
    if issuer is None or "deletionTimestamp" in meta:
        return
    for tls in ingress["spec"].get("tls", []):
        name, hosts = tls.get("secretName"), tls.get("hosts")
        if not name or not hosts:
            continue
        wanted = {
            "secretName": name,
            "dnsNames": hosts,
            "issuerRef": issuer,
            "usages": ["digital signature", "key encipherment"],
        }
        certificate = world.find("Certificate", meta["namespace"], name)
        if certificate is None:
            body = {
                "apiVersion": V1,
                "kind": "Certificate",
                "metadata": {
                    "name": name,
                    "labels": meta.get("labels", {}),
                    "ownerReferences": owned(ingress),
                },
                "spec": wanted,
            }
            world.kube.create(collection("Certificate", meta["namespace"]), body, exists_ok=True)
        elif certificate["metadata"].get("ownerReferences") == owned(ingress) and any(
            certificate["spec"].get(key) != value for key, value in wanted.items()
        ):
            path = f"{collection('Certificate', meta['namespace'])}/{name}"
            world.kube.patch(path, {"spec": wanted})
