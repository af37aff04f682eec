"""The guard goes before everything else, or `pulumi destroy` would begin what it then refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pulumi
import pytest

from components.teardown.guard import Guard
from tests.unit.conftest import Run

NOT_GUARDED = ("Audit", "Guard", "Homes")
"""The audit is what the others depend on; homes are a part of the hub."""


def test_the_guard_depends_on_every_component(
    program: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    guarded: list[pulumi.Resource] = []
    init = Guard.__init__

    def listen(self: Guard, name: str, *, after: Sequence[pulumi.Resource], **rest: Any) -> None:
        guarded.extend(after)
        init(self, name, after=after, **rest)

    monkeypatch.setattr(Guard, "__init__", listen)
    resources = program().recorded.resources
    ours = [(r.name, r.typ.removeprefix("gateway:index:")) for r in resources if "gateway:index:" in r.typ]
    assert sorted(str(part._name) for part in guarded) == sorted(
        n for n, kind in ours if kind not in NOT_GUARDED
    )
