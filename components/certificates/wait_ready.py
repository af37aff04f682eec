"""Wait until a certificate is Ready and print its state. After the timeout, print what holds it up.

Environment: NAMESPACE, CERTIFICATE, ISSUER, HOST, TIMEOUT_MINUTES. Standard input: the kubeconfig. Exit 1: it
is not Ready for that host by that issuer.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from tenacity import RetryError, Retrying, TryAgain, retry_if_exception_type, stop_after_delay, wait_fixed
from urllib3.exceptions import HTTPError

from components.cluster.access import client_of

POLL_SECONDS = 1
CERT_MANAGER = ("cert-manager.io", "v1")
ACME = ("acme.cert-manager.io", "v1")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The Certificate that is waited for."""

    namespace: str
    name: str
    issuer: str
    """Name of the ClusterIssuer."""
    host: str

    def met_by(self, certificate: dict[str, Any]) -> bool:
        """Whether `certificate` is for this issuer and host, and is Ready for exactly that.

        After a change of the Ingress, cert-manager reports the old certificate's Ready at first.
        """
        spec, status = certificate["spec"], certificate.get("status", {})
        return bool(
            spec["issuerRef"]["name"] == self.issuer
            and spec["dnsNames"] == [self.host]
            and any(
                c["type"] == "Ready"
                and c["status"] == "True"
                and c.get("observedGeneration") == certificate["metadata"]["generation"]
                for c in status.get("conditions", [])
            )
        )


def wait_ready(api: client.CustomObjectsApi, wanted: Wanted, *, timeout_s: float) -> dict[str, Any] | None:
    """The Certificate, once it is as wanted; None after `timeout_s`."""

    def look() -> dict[str, Any]:
        try:
            found: Any = api.get_namespaced_custom_object(
                *CERT_MANAGER, wanted.namespace, "certificates", wanted.name
            )
        except client.ApiException as error:
            if error.status == 404:  # noqa: PLR2004  # cert-manager has not seen the Ingress yet
                raise TryAgain from None
            raise
        if not wanted.met_by(found):
            raise TryAgain
        return dict(found)

    try:
        return Retrying(
            stop=stop_after_delay(timeout_s),
            wait=wait_fixed(POLL_SECONDS),
            retry=retry_if_exception_type((TryAgain, HTTPError)),
        )(look)
    except RetryError:
        return None


def reasons(api: client.CustomObjectsApi, namespace: str) -> Iterator[str]:
    """What the objects between a Certificate and its issuing report, nearest to the cause last."""
    kinds = [
        (*CERT_MANAGER, "certificates"),
        (*CERT_MANAGER, "certificaterequests"),
        (*ACME, "orders"),
        (*ACME, "challenges"),
    ]
    for group, version, plural in kinds:
        listed: Any = api.list_namespaced_custom_object(group, version, namespace, plural)
        for item in listed["items"]:
            status = item.get("status", {})
            texts = [c["message"] for c in status.get("conditions", []) if c["status"] != "True"]
            texts += [status["reason"]] if status.get("reason") else []
            if texts:
                yield f"{item['kind']} {item['metadata']['name']}: {'; '.join(texts)}"


def main(_: list[str]) -> int:
    """Run the task; the exit code."""
    wanted = Wanted(
        namespace=os.environ["NAMESPACE"],
        name=os.environ["CERTIFICATE"],
        issuer=os.environ["ISSUER"],
        host=os.environ["HOST"],
    )
    api = client.CustomObjectsApi(client_of(sys.stdin.read()))
    found = wait_ready(api, wanted, timeout_s=60 * float(os.environ["TIMEOUT_MINUTES"]))
    if found is None:
        about = f"certificate {wanted.namespace}/{wanted.name} for {wanted.host} by {wanted.issuer}"
        print(f"{about} is not Ready:", file=sys.stderr)
        print("\n".join(reasons(api, wanted.namespace)) or "no Ingress requests it", file=sys.stderr)
        return 1
    print(f"Ready, valid until {found['status']['notAfter']}, issued by {wanted.issuer}")
    return 0
