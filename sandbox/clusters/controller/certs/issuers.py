"""Issuers and ClusterIssuers of the type ACME: registered with the sandbox's certificate authority."""

from __future__ import annotations

import base64

from sandbox.clusters import pki
from sandbox.clusters.controller.certs import conditions
from sandbox.clusters.controller.certs.certmanager import World
from sandbox.clusters.controller.kube import Object


def reference_of(thing: Object) -> tuple[str, str | None, str]:
    """Kind, namespace and name of the issuer that `thing` refers to."""
    reference = thing["spec"]["issuerRef"]
    kind = reference.get("kind", "Issuer")
    return kind, None if kind == "ClusterIssuer" else thing["metadata"]["namespace"], reference["name"]


def obstacle(world: World, thing: Object) -> str | None:
    """Why the issuer of `thing` cannot issue now; None: it can."""
    kind, namespace, name = reference_of(thing)
    issuer = world.find(kind, namespace, name)
    if issuer is None:
        return f'Referenced "{kind}" not found: {kind.lower()}.cert-manager.io "{name}" not found'
    if not conditions.is_true(issuer, "Ready"):
        return f"Referenced {kind} {name} is not ready"
    return None


def _account_key(world: World, issuer: Object, namespace: str) -> None:
    name = issuer["spec"]["acme"].get("privateKeySecretRef", {}).get("name")
    if not name:
        return
    key, _ = pki.key_pair()
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "data": {"tls.key": base64.b64encode(key).decode()},
    }
    world.kube.create(f"/api/v1/namespaces/{namespace}/secrets", secret, exists_ok=True)


def register(world: World, issuer: Object, home: str) -> None:
    """Register the ACME account of `issuer`; a ClusterIssuer keeps its key in the namespace `home`."""
    generation = issuer["metadata"].get("generation")
    known = conditions.get(issuer, "Ready")
    if known and known.get("observedGeneration") == generation:
        return
    acme = issuer["spec"].get("acme")
    if not acme or not acme.get("server"):
        text = "the sandbox knows only ACME issuers with a server"
        ready = conditions.put(issuer, "Ready", true=False, reason="NotSupported", message=text)
        world.status(issuer, {"conditions": ready})
        return
    _account_key(world, issuer, issuer["metadata"].get("namespace", home))
    text = "The ACME account was registered with the ACME server"
    ready = conditions.put(issuer, "Ready", true=True, reason="ACMEAccountRegistered", message=text)
    account = {
        "uri": f"{acme['server'].rsplit('/', 1)[0]}/acct/sandbox",
        "lastRegisteredEmail": acme.get("email", ""),
    }
    world.status(issuer, {"acme": account, "conditions": ready})
