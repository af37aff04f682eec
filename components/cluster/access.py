"""The Kubernetes API of a cluster, for what no provider does. Imports no Pulumi, so that tasks start fast."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import yaml
from kubernetes import client, config
from kubernetes.dynamic import DynamicClient

ANSWER_SECONDS = 10
"""How long one request to the cluster may take."""
# Of two threads that write one key to temporary files, the client forgets one, and never deletes its file.
ONE_AT_A_TIME = threading.Lock()


def client_of(kubeconfig: str) -> client.ApiClient:
    """A client with the rights of `kubeconfig`, which is YAML; requests may go on side by side."""
    with ONE_AT_A_TIME:
        return config.new_client_from_config_dict(yaml.safe_load(kubeconfig))  # type: ignore[no-untyped-call,no-any-return]


def any_kind(connection: client.ApiClient) -> DynamicClient:
    """A client for objects of whatever kind, which asks the cluster for its kinds."""
    # By default all clients of one address keep them in one file: two at once read it half-written, and
    # another cluster at that address has other kinds.
    nowhere = str(Path(os.devnull, "kinds.json"))
    return DynamicClient(connection, cache_file=nowhere)  # type: ignore[no-untyped-call]
