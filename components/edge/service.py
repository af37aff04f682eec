"""The Service of an ingress controller, as the cluster has it now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from kubernetes import client
from tenacity import RetryError, Retrying, TryAgain, retry_if_exception_type, stop_after_delay, wait_fixed
from urllib3.exceptions import HTTPError

from components.cluster.access import ANSWER_SECONDS, client_of

POLL_SECONDS = 1
PATIENCE_SECONDS = 300
"""For a load balancer that is made again; Helm has waited for the first one."""


@dataclass(frozen=True, kw_only=True)
class Balanced:
    """A Service that has its load balancer."""

    uid: str
    """Another Service of this name has another one, and another load balancer."""
    ip: str
    """The address that the load balancer really has."""


def balanced(kubeconfig: str, namespace: str, name: str) -> Balanced:
    """The Service, once its load balancer has an address; a preview does not wait. Raises RunError.

    A plain look, not a resource that is read: `up` registers `Service.get` with other inputs than `refresh`
    writes, so that a refresh always finds a change (seen with pulumi-kubernetes 4.34).
    """
    api = client.CoreV1Api(client_of(kubeconfig))

    def look() -> Balanced:
        try:
            found: Any = api.read_namespaced_service(name, namespace, _request_timeout=ANSWER_SECONDS)
        except client.ApiException as error:
            if error.status == 404:  # noqa: PLR2004
                raise TryAgain from None
            raise
        ip = next((entry.ip for entry in found.status.load_balancer.ingress or [] if entry.ip), None)
        if ip is None:
            raise TryAgain
        return Balanced(uid=found.metadata.uid, ip=ip)

    patience = 0 if pulumi.runtime.is_dry_run() else PATIENCE_SECONDS
    try:
        return Retrying(
            stop=stop_after_delay(patience),
            wait=wait_fixed(POLL_SECONDS),
            retry=retry_if_exception_type((TryAgain, HTTPError)),
        )(look)
    except RetryError as error:
        cause = error.last_attempt.exception()
        reason = "has no address" if isinstance(cause, TryAgain) else str(cause)
        raise pulumi.RunError(
            f"Service {namespace}/{name} {reason} after {patience} s; `kubectl describe service -n"
            f" {namespace} {name}` tells what its load balancer waits for"
        ) from None
