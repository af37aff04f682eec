"""Wait until a Magnum cluster is complete, then sign a kubeconfig for it and print it.

Environment: CLUSTER_ID, TIMEOUT_MINUTES, and the cloud's (components/cloud/connection.py). Exit 1: the
cluster failed or was not complete in time, with Magnum's own reason.
"""

from __future__ import annotations

import base64
import os
import sys
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from keystoneauth1.adapter import Adapter
from keystoneauth1.exceptions import ClientException, ConnectFailure, RetriableConnectionFailure
from openstack.exceptions import SDKException
from requests import HTTPError, codes
from tenacity import RetryError, Retrying, TryAgain, retry_if_exception, stop_after_delay, wait_fixed

from components.cloud.connection import from_environment

POLL_SECONDS = 5
COMPLETE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "RESUME_COMPLETE", "ROLLBACK_COMPLETE")
# A failed update leaves a cluster that works.
USABLE = (*COMPLETE, "UPDATE_FAILED", "UPDATE_IN_PROGRESS")


class ClusterFailed(Exception):
    """The cluster can't become complete. The text says why."""


def wait_complete(magnum: Adapter, cluster_id: str, *, timeout_s: float) -> dict[str, Any]:
    """The cluster as Magnum describes it, once it is complete and has an address.

    Faults of the network and of the service (5xx, 429) are waited out. Raises ClusterFailed.
    """

    def look() -> dict[str, Any]:
        answer = magnum.get(f"/clusters/{cluster_id}", raise_exc=False)
        if answer.status_code == 404:  # noqa: PLR2004
            raise ClusterFailed(f"cluster {cluster_id} is gone; run `pulumi refresh`, then `pulumi up`")
        answer.raise_for_status()
        cluster: dict[str, Any] = answer.json()
        status = cluster["status"]
        if status.startswith("DELETE") or (status.endswith("_FAILED") and status not in USABLE):
            raise ClusterFailed(f"cluster {cluster['name']} is in {status}: {cluster.get('status_reason')}")
        if status not in USABLE or not cluster.get("api_address"):
            raise TryAgain
        return cluster

    try:
        return Retrying(
            stop=stop_after_delay(timeout_s),
            wait=wait_fixed(POLL_SECONDS),
            retry=retry_if_exception(_passing),
        )(look)
    except RetryError as error:
        cause = error.last_attempt.exception()
        last = "" if isinstance(cause, TryAgain) else f" ({cause})"
        raise ClusterFailed(
            f"cluster {cluster_id} was not complete after {timeout_s / 60:.0f} minutes{last}; `openstack coe"
            " cluster show` shows its state, and `pulumi up` waits for the same cluster again"
        ) from None


def _passing(error: BaseException) -> bool:
    """Whether it may pass: not complete yet, no answer, or a fault of the service."""
    response = error.response if isinstance(error, HTTPError) else None
    status = response.status_code if response is not None else 0
    broken = status >= 500 or status == codes.too_many_requests  # noqa: PLR2004
    return broken or isinstance(error, TryAgain | ConnectFailure | RetriableConnectionFailure)


def sign(magnum: Adapter, cluster: dict[str, Any]) -> str:
    """A cluster administrator's kubeconfig for `cluster` as YAML, with a fresh key signed by its CA."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(
            x509.Name(
                [
                    x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:masters"),
                    x509.NameAttribute(NameOID.COMMON_NAME, "admin"),
                ]
            )
        )
        .sign(key, hashes.SHA256())
    )
    csr = request.public_bytes(serialization.Encoding.PEM).decode()
    body = {"cluster_uuid": cluster["uuid"], "csr": csr}
    certificate = magnum.post("/certificates", json=body).json()["pem"]
    authority = magnum.get(f"/certificates/{cluster['uuid']}").json()["pem"]
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    name = cluster["name"]
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": name,
                "cluster": {"server": cluster["api_address"], "certificate-authority-data": _data(authority)},
            }
        ],
        "users": [
            {
                "name": "admin",
                "user": {
                    "client-certificate-data": _data(certificate),
                    "client-key-data": _data(private.decode()),
                },
            }
        ],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "admin"}}],
        "current-context": name,
    }
    return yaml.safe_dump(config, sort_keys=False)


def _data(pem: str) -> str:
    return base64.b64encode(pem.encode()).decode()


def main(_: list[str]) -> int:
    """Run the task; the exit code."""
    try:
        magnum = from_environment().container_infrastructure_management
        cluster = wait_complete(
            magnum, os.environ["CLUSTER_ID"], timeout_s=60 * float(os.environ["TIMEOUT_MINUTES"])
        )
        print(sign(magnum, cluster), end="")
    except (ClusterFailed, SDKException, ClientException, HTTPError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
