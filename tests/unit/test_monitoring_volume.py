"""Prometheus' volume in a running gateway: what it can't become is refused before anything is changed."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes import client

from components.monitoring.volume import CLAIM, volume_mistakes
from components.settings.extras.monitoring import Monitoring
from tests.unit.claims import FIXED, GROWING, Kubernetes, claim
from tests.unit.volumes import thing


class Watched:
    """A cluster with Prometheus' claim of 10 GiB, or without any."""

    def __init__(self, storage_class: str | None) -> None:
        self.claims = [claim(CLAIM, "10Gi", storage_class)] if storage_class else []

    def list_namespaced_persistent_volume_claim(
        self, namespace: str, *, field_selector: str, **_: Any
    ) -> Any:
        assert (namespace, field_selector) == ("prometheus", f"metadata.name={CLAIM}")
        return thing(items=self.claims)


@pytest.mark.parametrize(
    ("storage_class", "settings", "rule"),
    [
        (GROWING, {"sizeGib": 10}, ""),
        (GROWING, {"sizeGib": 20}, ""),
        (GROWING, {"sizeGib": 9}, "must be at least 10, what the volume has: it can't shrink"),
        (FIXED, {"sizeGib": 20}, f"must be 10: storage class {FIXED} does not let the volume grow"),
        (FIXED, {"sizeGib": 10}, ""),
        (None, {"sizeGib": 1}, ""),
        (GROWING, {"sizeGib": 1, "enabled": False}, ""),
    ],
)
def test_what_it_can_become(
    monkeypatch: pytest.MonkeyPatch, storage_class: str | None, settings: dict[str, Any], rule: str
) -> None:
    monkeypatch.setattr(client, "CoreV1Api", lambda _: Watched(storage_class))
    monkeypatch.setattr(client, "StorageV1Api", lambda _: Kubernetes())
    wanted = Monitoring.model_validate({"enabled": True, **settings})
    found = volume_mistakes(wanted, client.ApiClient())
    assert [(mistake.key, mistake.rule) for mistake in found] == (
        [("gateway:monitoring.sizeGib", rule)] if rule else []
    )
