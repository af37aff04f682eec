"""Orders and challenges: the sandbox's certificate authority looks whether a name leads to the Ingress."""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import base64
import secrets
import zlib

import dns.exception
import dns.resolver

from sandbox import layout
from sandbox.clusters import pki
from sandbox.clusters.controller.certs import ingresses
from sandbox.clusters.controller.certs.certmanager import ACME_V1, World, collection, owned
from sandbox.clusters.controller.kube import Object

DAYS = 90
"""How long the certificates of public ACME authorities are valid."""
DNS_TIMEOUT_S = 3.0


def resolve(host: str) -> list[str]:
    """The IPv4 addresses of `host` at the sandbox's name server; none if it has none or does not answer."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = layout.port("bind")
    resolver.lifetime = DNS_TIMEOUT_S
    try:
        return [record.to_text() for record in resolver.resolve(host, "A")]
    except dns.exception.DNSException:
        return []


def obstacle(world: World, namespace: str, host: str, token: str) -> str | None:
    """Why an HTTP-01 self check for `host` fails, in cert-manager's words; None: it passes."""
    url = f"http://{host}/.well-known/acme-challenge/{token}"
    waiting = "Waiting for HTTP-01 challenge propagation:"
    here = [
        ingress
        for ingress in world.ingresses.values()
        if ingress["metadata"]["namespace"] == namespace
        and any(rule.get("host") == host for rule in ingress["spec"].get("rules", []))
    ]
    reached = [ip for ingress in here for ip in ingresses.addresses(world, ingress)]
    found = resolve(host)
    if not found:
        return f"{waiting} failed to perform self check GET request '{url}': lookup {host}: no such host"
    if not reached:
        return f"{waiting} failed to perform self check GET request '{url}': the Ingress has no address yet"
    if not set(found) & set(reached):
        where = f"{host} leads to {', '.join(found)}, the Ingress is at {', '.join(reached)}"
        return f"{waiting} wrong status code '404', expected '200' ({where})"
    return None


def _name(stem: str, text: str) -> str:
    return f"{stem}-{zlib.crc32(text.encode())}"


def _make_order(world: World, request: Object) -> None:
    meta = request["metadata"]
    body = {
        "apiVersion": ACME_V1,
        "kind": "Order",
        "metadata": {
            "name": _name(meta["name"], request["spec"]["request"]),
            "annotations": meta.get("annotations", {}),
            "ownerReferences": owned(request),
        },
        "spec": {
            "request": request["spec"]["request"],
            "issuerRef": request["spec"]["issuerRef"],
            "dnsNames": pki.names_in_request(base64.b64decode(request["spec"]["request"])),
        },
    }
    world.kube.create(collection("Order", meta["namespace"]), body, exists_ok=True)


def _make_challenge(world: World, order: Object, host: str) -> None:
    meta = order["metadata"]
    token = secrets.token_urlsafe(32)
    body = {
        "apiVersion": ACME_V1,
        "kind": "Challenge",
        "metadata": {"name": _name(meta["name"], host), "ownerReferences": owned(order)},
        "spec": {
            "dnsName": host,
            "type": "HTTP-01",
            "token": token,
            "key": token,
            "wildcard": False,
            "url": "sandbox",
            "authorizationURL": "sandbox",
            "issuerRef": order["spec"]["issuerRef"],
            "solver": {"http01": {"ingress": {}}},
        },
    }
    world.kube.create(collection("Challenge", meta["namespace"]), body, exists_ok=True)


def order_of(world: World, request: Object) -> Object | None:
    """The Order of a CertificateRequest."""
    meta = request["metadata"]
    return world.find("Order", meta["namespace"], _name(meta["name"], request["spec"]["request"]))


def advance(world: World, request: Object) -> bytes | None:
    """Take the order of `request` a step further; the certificate (PEM) once all its challenges are met."""
    order = order_of(world, request)
    if order is None:
        _make_order(world, request)
        return None
    status = order.get("status", {})
    if status.get("state") == "valid":
        return base64.b64decode(status["certificate"])
    world.status(order, {"state": "pending"})
    met = [_challenge(world, order, host) for host in order["spec"]["dnsNames"]]
    if not all(met):
        return None
    signed = pki.sign_request(pki.sandbox_ca(), base64.b64decode(order["spec"]["request"]), days=DAYS)
    world.status(order, {"state": "valid", "certificate": base64.b64encode(signed).decode()})
    for host in order["spec"]["dnsNames"]:
        namespace = order["metadata"]["namespace"]
        world.kube.delete(f"{collection('Challenge', namespace)}/{_name(order['metadata']['name'], host)}")
    return signed


def _challenge(world: World, order: Object, host: str) -> bool:
    """Whether the name `host` of `order` is shown to lead here; its Challenge says why not."""
    meta = order["metadata"]
    challenge = world.find("Challenge", meta["namespace"], _name(meta["name"], host))
    if challenge is None:
        _make_challenge(world, order, host)
        return False
    reason = obstacle(world, meta["namespace"], host, challenge["spec"]["token"])
    state = "pending" if reason else "valid"
    done = reason is None
    world.status(
        challenge,
        {
            "state": state,
            "presented": True,
            "processing": not done,
            "reason": reason or "Successfully authorized domain",
        },
    )
    return done
