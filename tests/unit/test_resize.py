"""Before a node group's bounds change, its count comes between them, by steps that Magnum takes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from components.cluster import resize as module
from components.settings.cloud import CloudConfig


class Magnum:
    """One node group that keeps Magnum's rule (`_validate_node_count`): min ≤ count ≤ max."""

    def __init__(self, low: int, count: int, high: int) -> None:
        self.group: dict[str, Any] = {
            "name": "mediums",
            "min_node_count": low,
            "node_count": count,
            "max_node_count": high,
            "status": "UPDATE_COMPLETE",
            "status_reason": "no quota",
        }
        self.asked: list[str] = []
        self.ends_in = "UPDATE_COMPLETE"

    def get(self, path: str, *, microversion: str) -> Any:
        assert (path, microversion) == ("/clusters/c/nodegroups/n", "1.9")
        return SimpleNamespace(status_code=200, json=lambda: dict(self.group))

    def request(self, path: str, method: str, *, json: Any, microversion: str) -> Any:
        assert microversion == "1.9"
        assert self.group["status"] == "UPDATE_COMPLETE", "an update is in progress"
        changes = (
            {change["path"][1:]: change["value"] for change in json}
            if method == "PATCH"
            else {"node_count": json["node_count"]}
        )
        self.asked.append(" ".join(f"{key.split('_')[0]}={value}" for key, value in changes.items()))
        new = {**self.group, **changes}
        if not new["min_node_count"] <= new["node_count"] <= new["max_node_count"]:
            answer = {"status_code": 409, "reason": "Conflict", "url": path, "headers": {}, "text": ""}
            return SimpleNamespace(**answer, json=dict)
        self.group = {**new, "status": "UPDATE_IN_PROGRESS"}
        return SimpleNamespace(status_code=202)


@pytest.fixture
def magnum(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Magnum:
    answer = Magnum(*request.param)
    connection = SimpleNamespace(container_infrastructure_management=answer)
    monkeypatch.setattr(module, "connect", lambda _: connection)

    def sleep(_seconds: float) -> None:
        answer.group["status"] = answer.ends_in

    monkeypatch.setattr("tenacity.nap.time.sleep", sleep)
    return answer


def resize(low: int, high: int) -> None:
    module.resize("c/n", low, high, CloudConfig(), timeout_s=60)


def bounds(magnum: Magnum, low: int, high: int) -> None:
    """What the provider sends afterwards."""
    body = [
        {"path": "/min_node_count", "value": low},
        {"path": "/max_node_count", "value": high},
    ]
    assert (
        magnum.request("/clusters/c/nodegroups/n", "PATCH", json=body, microversion="1.9").status_code == 202
    )


@pytest.mark.parametrize(
    ("magnum", "wanted", "asked"),
    [
        ((1, 1, 20), (3, 20), ["node=3", "min=3"]),
        ((2, 2, 2), (4, 4), ["max=4", "node=4", "min=4"]),
        ((4, 4, 4), (2, 2), ["min=2", "node=2", "max=2"]),
        ((5, 5, 10), (1, 3), ["min=1", "node=3", "max=3"]),
        ((1, 1, 5), (6, 8), ["max=8", "node=6", "min=6"]),
        ((1, 1, 1), (1, 20), ["max=20"]),
        ((1, 4, 20), (1, 10), ["max=10"]),
        # Interrupted between the steps of (2, 2, 2) → (4, 4).
        ((2, 2, 4), (4, 4), ["node=4", "min=4"]),
        ((2, 4, 4), (4, 4), ["min=4"]),
        ((4, 4, 4), (4, 4), []),
    ],
    indirect=["magnum"],
)
def test_magnum_takes_every_step(magnum: Magnum, wanted: tuple[int, int], asked: list[str]) -> None:
    resize(*wanted)
    assert magnum.asked == asked
    assert (magnum.group["min_node_count"], magnum.group["max_node_count"]) == wanted
    bounds(magnum, *wanted)


@pytest.mark.parametrize("magnum", [(1, 1, 20)], indirect=True)
def test_the_providers_own_order_is_refused(magnum: Magnum) -> None:
    with pytest.raises(AssertionError):
        bounds(magnum, 3, 20)


@pytest.mark.parametrize("magnum", [(1, 1, 20)], indirect=True)
def test_an_update_in_progress_is_waited_for(magnum: Magnum) -> None:
    magnum.group["status"] = "UPDATE_IN_PROGRESS"
    resize(3, 20)
    assert magnum.asked == ["node=3", "min=3"]


@pytest.mark.parametrize("magnum", [(1, 1, 20)], indirect=True)
def test_a_failure_says_magnums_reason(magnum: Magnum) -> None:
    magnum.ends_in = "UPDATE_FAILED"
    with pytest.raises(RuntimeError, match="node group mediums is in UPDATE_FAILED: no quota"):
        resize(3, 20)
