"""What counts as changed by hand in a release; tests/lifecycle/test_drift.py has the API server's part."""

from __future__ import annotations

import base64
import gzip
import json
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes import client

from components.charts.drift import Change, Release, differences

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: hub}
spec: {replicas: 1}
---
# an empty document, as charts have them
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: scaled}
spec: {replicas: 3}
"""


def record(version: str, manifest: str) -> SimpleNamespace:
    """A release's record as Helm keeps it in a Secret."""
    packed = base64.b64encode(gzip.compress(json.dumps({"manifest": manifest}).encode()))
    return SimpleNamespace(
        metadata=SimpleNamespace(labels={"version": version}),
        data={"release": base64.b64encode(packed).decode()},
    )


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Release:
    """A release at its tenth revision, of which an autoscaler owns one Deployment."""
    target = SimpleNamespace(kind="Deployment", name="scaled")
    scaler = SimpleNamespace(spec=SimpleNamespace(scale_target_ref=target))
    records = [record("9", "kind: Old\nmetadata: {name: old}"), record("10", MANIFEST)]
    answers: dict[str, Any] = {
        "CoreV1Api": SimpleNamespace(
            list_namespaced_secret=lambda *_, **__: SimpleNamespace(items=records),
        ),
        "AutoscalingV2Api": SimpleNamespace(
            list_namespaced_horizontal_pod_autoscaler=lambda *_, **__: SimpleNamespace(items=[scaler]),
        ),
    }
    for name, answer in answers.items():
        monkeypatch.setattr(f"kubernetes.client.{name}", lambda _, answer=answer: answer)
    monkeypatch.setattr("components.charts.drift.any_kind", lambda _: None)
    return Release(client.ApiClient(), "jhub")


def test_the_newest_manifest_counts_but_what_an_autoscaler_owns(release: Release) -> None:
    assert [(part["metadata"]["name"], part["spec"]) for part in release._objects()] == [
        ("hub", {"replicas": 1}),
        ("scaled", {}),
    ]


def test_each_leaf_that_differs_is_named() -> None:
    live = {"a": 1, "list": [{"image": "x"}, 2], "gone": 1}
    wanted = {"a": 1, "list": [{"image": "y"}, 2], "new": {"b": 2}}
    assert list(differences(live, wanted)) == [
        ("gone", 1, None),
        ("list[0].image", "x", "y"),
        ("new", None, {"b": 2}),
    ]
    assert list(differences({"args": [1]}, {"args": [1, 2]})) == [("args", [1], [1, 2])]


def test_an_operator_reads_object_and_field() -> None:
    assert str(Change(kind="Service", name="x")) == "Service x: is missing"
    change = Change(kind="Deployment", name="hub", field="spec.replicas", found="0", wanted="1")
    assert str(change) == "Deployment hub: spec.replicas is 0, Helm set 1"
