"""The address of a Service inside the cluster."""

from __future__ import annotations

from typing import Any

import pulumi
from kubernetes import client
from urllib3.exceptions import HTTPError

from components.cluster.access import ANSWER_SECONDS, client_of


def cluster_ip(kubeconfig: str, namespace: str, name: str) -> str:
    """The ClusterIP of a Service that Helm has installed. Raises RunError.

    A plain look, as for the ingress (components/edge/service.py): a resource that is read would show drift.
    """
    api = client.CoreV1Api(client_of(kubeconfig))
    try:
        found: Any = api.read_namespaced_service(name, namespace, _request_timeout=ANSWER_SECONDS)
    except (client.ApiException, HTTPError) as error:
        reason = error.reason if isinstance(error, client.ApiException) else str(error)
        raise pulumi.RunError(
            f"Service {namespace}/{name}, the file server's, can't be read ({reason}); `kubectl get service"
            f" -n {namespace}` tells more"
        ) from None
    return str(found.spec.cluster_ip)
