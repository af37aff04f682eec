"""Wait until a certificate is Ready and print its state. After the timeout, print what holds it up.

Environment: NAMESPACE, CERTIFICATE, TIMEOUT_MINUTES. Standard input: the kubeconfig. Exit 1: not Ready.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Any

import yaml
from kubernetes import client, config
from tenacity import RetryError, Retrying, TryAgain, retry_if_exception_type, stop_after_delay, wait_fixed
from urllib3.exceptions import HTTPError

POLL_SECONDS = 1
CERT_MANAGER = ("cert-manager.io", "v1")
ACME = ("acme.cert-manager.io", "v1")


def _ready(certificate: dict[str, Any]) -> bool:
    conditions = certificate.get("status", {}).get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def wait_ready(
    api: client.CustomObjectsApi, namespace: str, name: str, *, timeout_s: float
) -> dict[str, Any] | None:
    """The Certificate once it is Ready, or None after `timeout_s`."""

    def look() -> dict[str, Any]:
        try:
            found: Any = api.get_namespaced_custom_object(*CERT_MANAGER, namespace, "certificates", name)
        except client.ApiException as error:
            if error.status == 404:  # noqa: PLR2004  # cert-manager has not seen the Ingress yet
                raise TryAgain from None
            raise
        if not _ready(found):
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
    namespace, name = os.environ["NAMESPACE"], os.environ["CERTIFICATE"]
    config.load_kube_config_from_dict(yaml.safe_load(sys.stdin.read()))  # type: ignore[no-untyped-call]
    api = client.CustomObjectsApi()
    found = wait_ready(api, namespace, name, timeout_s=60 * float(os.environ["TIMEOUT_MINUTES"]))
    if found is None:
        print(f"certificate {namespace}/{name} is not Ready:", file=sys.stderr)
        print("\n".join(reasons(api, namespace)) or "no Ingress asked for it", file=sys.stderr)
        return 1
    print(f"Ready, valid until {found['status']['notAfter']}")
    return 0
