"""The client of a cluster: what it writes to the folder for temporary files."""

from __future__ import annotations

import base64
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from kubernetes import client
from kubernetes.dynamic import DynamicClient

from components.cluster.access import any_kind, client_of


def kubeconfig(secret: bytes) -> str:
    key = base64.b64encode(secret).decode()
    return yaml.safe_dump(
        {
            "current-context": "here",
            "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
            "clusters": [{"name": "here", "cluster": {"server": "https://127.0.0.1:1"}}],
            "users": [{"name": "me", "user": {"client-key-data": key}}],
        }
    )


def test_two_clients_at_once_leave_no_key_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = tempfile.mkstemp

    def slowly(*words: Any, **options: Any) -> Any:
        time.sleep(0.05)
        return make(*words, **{**options, "dir": tmp_path})

    monkeypatch.setattr("kubernetes.config.kube_config.tempfile.mkstemp", slowly)
    text = kubeconfig(b"a key of this test")
    with ThreadPoolExecutor() as pool:
        list(pool.map(client_of, [text] * 4))
    assert len(list(tmp_path.iterdir())) == 1, "the client deletes only one of them at its end"


def test_what_kinds_a_cluster_has_is_kept_in_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_: Any, method: str, path: str, **options: Any) -> Any:
        known = {"/version": {"gitVersion": "v1.34.2"}, "/apis": SimpleNamespace(groups=[])}
        return known[path]

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(DynamicClient, "request", answer)
    any_kind(client.ApiClient())
    assert not list(tmp_path.iterdir())
