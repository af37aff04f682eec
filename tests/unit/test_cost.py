"""What the gateway costs, shown at every preview, and the budget that it is held to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components import preflight
from components.cost.allocation import Allocation
from components.cost.budget import check_budget
from components.cost.prices import su_now, su_per_hour
from components.settings.errors import SettingsError
from tests.unit.cloud import Cloud, look
from tests.unit.conftest import Run
from tests.unit.hub import make_settings
from tests.unit.test_allocation import ANSWER
from tests.unit.test_quotas import MACHINE, server

# Two m3.quad, and 1 to 20 m3.medium: 16 and 168 SU an hour; 730 hours a month.
FLOOR, MOST = 11680, 122640


@pytest.fixture
def held_to(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str | None]:
    """Gives the warning about a budget, where there is one, for a gateway with these node groups."""
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warned.append)

    def check(budget: int, **changes: Any) -> str | None:
        warned.clear()
        settings = make_settings(**changes).model_copy(update={"budget": budget})
        check_budget(settings, su_per_hour(settings))
        return warned[0] if warned else None

    return check


def test_a_budget_below_the_minimum_is_refused(held_to: Callable[..., str | None]) -> None:
    rule = f"gateway:budget: must be at least {FLOOR}, what the gateway at its minimum costs in a month"
    with pytest.raises(SettingsError, match=f"{rule}, got {FLOOR - 1}"):
        held_to(FLOOR - 1)


def test_a_budget_below_the_maximum_is_a_warning_of_how_long_it_lasts(
    held_to: Callable[..., str | None],
) -> None:
    text = f"at its maximum costs {MOST} SU in a month, more than 13200: 10 hours at the maximum use"
    assert text in str(held_to(FLOOR + 1520))
    assert held_to(FLOOR)
    assert held_to(MOST - 1)


@pytest.mark.parametrize("budget", [0, MOST])
def test_a_budget_that_suffices_is_not_mentioned(held_to: Callable[..., str | None], budget: int) -> None:
    assert held_to(budget) is None


@pytest.mark.parametrize(("budget", "told"), [(0, ""), (1, ", so gateway:budget is not checked")])
def test_without_a_price_the_budget_is_not_checked(
    held_to: Callable[..., str | None], budget: int, told: str
) -> None:
    warning = held_to(budget, nodeGroups=[{"name": "mediums", "flavor": "m9.medium", "max": 2}])
    assert str(warning).endswith(f"components/site.yaml has no price for m9.medium{told}")


def test_what_runs_now_is_told_by_the_gateways_servers(answering: Cloud) -> None:
    answering.servers = [
        server(f"{MACHINE}-mediums-1"),
        server(f"{MACHINE}-control-plane", "m3.quad"),
        server("somebody-elses"),
    ]
    assert su_now(look().servers) == {"now": 12}
    assert su_now([]) == {"now": 0}
    assert su_now(["m9.medium"]) == su_now(None) == {}


def test_a_preview_shows_the_price_and_refuses_what_is_over_budget(
    program: Callable[..., Run], survey: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda text, *_: told.append(text))
    survey["servers"] = ["m3.quad", "m3.quad", "m3.medium", "m3.medium"]
    run = program(lambda config: config.update({"gateway:budget": MOST}))
    assert told == ["service units an hour: now 24, floor 16, maximum 168"]
    assert run.outputs["su_per_hour"] == {"floor": 16, "maximum": 168}
    with pytest.raises(SettingsError, match="gateway:budget: must be at least 11680"):
        program(lambda config: config.update({"gateway:budget": 5}))


def test_a_preview_asks_the_accounting(
    program: Callable[..., Run], survey: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda text, *_: told.append(text))
    asked: list[Any] = []

    def allocations(connection: Any) -> list[Allocation]:
        asked.append(connection)
        return [Allocation.model_validate({**ANSWER, "end_date": "2999-12-31"})]

    monkeypatch.setattr(preflight, "allocations", allocations)
    survey["connection"] = found = object()
    program(lambda _: None)
    assert asked == [found]
    assert told[1].startswith(
        "allocation: 87,654 of 100,000 SU of jetstream2.indiana.xsede.org are left until"
    )
