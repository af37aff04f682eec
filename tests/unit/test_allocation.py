"""What is left of the allocation: which accounting is asked, its answers, and what a preview says of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pulumi
import pytest
from keystoneauth1.exceptions import ConnectFailure, Unauthorized

from components.cost.allocation import Allocation, address, allocations
from components.cost.budget import check_left
from components.cost.prices import floor_by_resource
from components.site import SITE
from tests.unit.cloud import thing
from tests.unit.hub import make_settings

KEYSTONE = "https://js2.jetstream-cloud.org:5000/v3/"
CPU, GPU = (SITE.accounting.resources[family] for family in ("m3", "g3"))
TODAY = date(2027, 3, 1)
ANSWER = {
    "description": "Science gateways",
    "abstract": "…",
    "service_units_allocated": 100000.0,
    "service_units_used": 12345.6,
    "start_date": "2026-09-01",
    "end_date": "2027-08-31",
    "resource": CPU,
    "active": 1,
}


def cloud(answer: Any, auth_url: str = KEYSTONE, endpoint: str | None = None) -> Any:
    """A connection whose accounting gives this answer; `asked` has the addresses."""
    asked: list[str] = []

    def get(url: str, **_: Any) -> Any:
        asked.append(url)
        if isinstance(answer, Exception):
            raise answer
        return thing(json=lambda: answer)

    config = thing(get_endpoint=lambda _: endpoint, get_auth_args=lambda: {"auth_url": auth_url})
    return thing(config=config, session=thing(get=get), asked=asked)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """What a preview says of these allocations, each with changes of ANSWER; `!` before a warning."""
    lines: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lines.append)
    monkeypatch.setattr(pulumi.log, "warn", lambda text: lines.append(f"!{text}"))

    def tell(*changes: dict[str, Any], budget: int = 0, floor: dict[str, float] | None = None) -> list[str]:
        lines.clear()
        known = [Allocation.model_validate({**ANSWER, **change}) for change in changes]
        check_left(budget, floor or {CPU: 16}, known, TODAY)
        return lines

    return tell


def test_only_the_cloud_that_issued_the_token_gets_it() -> None:
    assert address(cloud([])) == "https://js2.jetstream-cloud.org:9001"
    for other in ("https://cloud.test:5000/v3", "https://js2.jetstream-cloud.org.evil.test/v3", ""):
        elsewhere = cloud([], other)
        assert allocations(elsewhere) is None
        assert elsewhere.asked == []
    assert address(cloud([], "https://cloud.test/v3", "https://su.cloud.test")) == "https://su.cloud.test"


def test_an_answer_is_read() -> None:
    first, second = (
        allocations(cloud([ANSWER, {**ANSWER, "service_units_used": None, "resource": GPU}])) or []
    )
    assert (first.resource, first.left, first.end_date) == (CPU, 100000 - 12345.6, date(2027, 8, 31))
    assert second.left == 100000
    timed = {**ANSWER, "end_date": "2027-08-31T00:00:00Z"}
    del timed["active"]
    assert (allocations(cloud([timed])) or [])[0] == first


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (ConnectFailure("no route to host"), "no route to host"),
        (Unauthorized(), "Unauthorized"),
        (
            [{**ANSWER, "service_units_allocated": "many"}],
            "0.service_units_allocated: Input should be a valid",
        ),
        ({"error": "closed"}, "Input should be a valid list"),
        (ValueError(), "ValueError"),
    ],
)
def test_without_a_usable_answer_there_is_one_warning(answer: Any, reason: str, warned: list[str]) -> None:
    assert allocations(cloud(answer)) is None
    (text,) = warned
    assert text.startswith(f"the cloud's accounting at {SITE.accounting.url} gives no usable answer (")
    assert reason in text


def test_what_is_left_is_said(told: Callable[..., list[str]]) -> None:
    line = f"allocation: 87,654 of 100,000 SU of {CPU} are left until 2027-08-31"
    assert told({}) == [line]
    former = {"start_date": "2025-09-01", "end_date": "2026-08-31", "service_units_used": 1}
    assert told(former, {"active": 0, "service_units_used": 2}, {}) == [line]


# 16 SU an hour are 11,680 in a month, and 384 in a day.
@pytest.mark.parametrize(("left", "days"), [(11681, None), (11679, 30), (384, 1), (0, 0), (-500, 0)])
def test_an_allocation_that_holds_no_month_at_the_minimum_is_warned_of(
    told: Callable[..., list[str]], left: int, days: int | None
) -> None:
    warnings = [line for line in told({"service_units_used": 100000 - left}) if line.startswith("!")]
    assert len(warnings) == (days is not None)
    assert days is None or f"uses what is left of {CPU} up in {days} days; request more, or" in warnings[0]


def test_a_month_counts_to_the_allocations_end(told: Callable[..., list[str]]) -> None:
    ends = {"end_date": "2027-03-02", "service_units_used": 100000 - 769}
    assert len(told(ends)) == 1
    assert len(told({**ends, "service_units_used": 100000 - 767})) == 2


@pytest.mark.parametrize(("budget", "count"), [(0, 1), (87654, 1), (87656, 2)])
def test_a_budget_of_more_than_is_left_is_warned_of(
    told: Callable[..., list[str]], budget: int, count: int
) -> None:
    lines = told({}, budget=budget)
    assert len(lines) == count
    rule = (
        f"!gateway:budget: must be at most 87654 for this month, what is left of the allocation, got {budget}"
    )
    assert count == 1 or lines[1].startswith(rule)


def test_each_resource_has_its_own_allocation(told: Callable[..., list[str]]) -> None:
    warnings = told({}, floor={CPU: 16, GPU: 32})
    assert warnings[1].startswith(f"!the project has no allocation of {GPU} that is active today")
    settings = make_settings(nodeGroups=[{"name": "gpus", "flavor": "g3.large", "min": 1, "max": 2}])
    assert floor_by_resource(settings) == {CPU: 8, GPU: 32}
    settings = make_settings(nodeGroups=[{"name": "own", "flavor": "m9.own", "min": 1, "max": 2}])
    assert floor_by_resource(settings) == {CPU: 8}
