"""Workshops: when their nodes are asked for, what is refused, what they cost, and the pods that keep them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pulumi
import pytest

from components.cloud.flavors import Size
from components.cost.budget import check_budget
from components.cost.prices import su_per_hour
from components.seats.room import Room
from components.seats.schedule import ahead, room_mistakes, schedule_mistakes, su_of_schedule
from components.settings.errors import SettingsError
from components.settings.schedule import Workshop
from tests.unit.conftest import Run
from tests.unit.hub import make_settings
from tests.unit.settings_changes import WORKSHOP

SPRING = {
    "name": "spring",
    "seats": 30,
    "zone": "Europe/Vienna",
    "begin": "2027-03-03 09:00",
    "end": "2027-03-03 12:00",
}
NOW = datetime(2027, 2, 1, tzinfo=UTC)
ROOM = Room(seat=Size(cpu=7, gib=25), per_node=1)
CRONJOB = "kubernetes:batch/v1:CronJob"


def planned(*changes: dict[str, Any], **top: Any) -> Any:
    """A gateway with a workshop for each of `changes` of SPRING."""
    return make_settings(schedule=[{**SPRING, **change} for change in changes], **top)


def told(settings: Any, now: datetime = NOW) -> list[str]:
    return [str(mistake) for mistake in schedule_mistakes(settings, now)]


@pytest.mark.parametrize(
    ("begin", "zone", "asks"),
    [
        ("2027-03-03 09:00", "Europe/Vienna", "2027-03-03 07:30"),
        ("2027-07-03 09:00", "Europe/Vienna", "2027-07-03 06:30"),  # in summer
        ("2027-03-01 00:10", "UTC", "2027-02-28 23:40"),
        ("2026-12-31 23:00", "America/Denver", "2027-01-01 05:30"),
    ],
)
def test_nodes_are_asked_for_before_it_begins_wherever_it_is(begin: str, zone: str, asks: str) -> None:
    workshop = Workshop.model_validate({**SPRING, "begin": begin, "zone": zone, "end": "2027-12-01 00:00"})
    assert f"{workshop.asks:%Y-%m-%d %H:%M}" == asks


def test_a_workshop_that_is_on_is_warned_of_and_one_that_is_over_is_left_out(warned: list[str]) -> None:
    before, after = (datetime(2027, 3, 3, 11, minute, tzinfo=UTC) - timedelta(minutes=1) for minute in (0, 1))
    assert told(planned({}), NOW) == warned == []
    assert told(planned({}), before) == []
    assert "gateway:schedule[0]: the nodes of `spring` were asked for 30 minutes before" in warned[0]
    warned.clear()
    second = {"name": "second", "begin": "2027-03-04 09:00", "end": "2027-03-04 10:00"}
    settings = planned({}, second, {**second, "name": "third"})
    (text,) = told(settings, after)
    assert text.startswith("gateway:schedule[2].begin: must not be while `second` is on")
    assert warned == ["gateway:schedule: `spring` is over; remove it"]
    assert [one.name for one in ahead(settings, after).values()] == ["second", "third"]
    assert su_of_schedule(settings, ROOM, after) == {"2027-03": 2 * 360}


def test_what_is_a_year_away_is_refused_since_a_cronjob_has_no_year() -> None:
    assert told(planned({"begin": "2028-02-01 01:00", "end": "2028-02-01 02:00"})) == []
    (text,) = told(planned({"begin": "2028-02-02 09:00", "end": "2028-02-02 10:00"}))
    assert text.startswith("gateway:schedule[0].begin: must be within a year")


@pytest.mark.parametrize(
    ("begin", "zone", "count"),
    [
        ("2027-03-03 11:59", "Europe/Vienna", 1),
        ("2027-03-03 12:00", "Europe/Vienna", 0),
        ("2027-03-03 10:59", "UTC", 1),
        ("2027-03-03 11:00", "UTC", 0),
    ],
)
def test_two_workshops_at_a_time_are_refused(begin: str, zone: str, count: int) -> None:
    other = {"name": "other", "begin": begin, "zone": zone, "end": "2027-03-03 15:00"}
    mistakes = told(planned({}, other))
    assert len(mistakes) == count
    assert all(
        text.startswith("gateway:schedule[1].begin: must not be while `spring` is on") for text in mistakes
    )


@pytest.mark.parametrize(("seats", "kept", "most"), [(20, 0, None), (21, 0, 20), (18, 2, None), (19, 2, 18)])
def test_more_seats_than_the_group_can_have_beside_the_others_are_refused(
    seats: int, kept: int, most: int | None
) -> None:
    mistakes = [str(mistake) for mistake in room_mistakes(planned({"seats": seats}, seats=kept), ROOM, NOW)]
    assert len(mistakes) == (most is not None)
    assert all(text.startswith(f"gateway:schedule[0].seats: must be at most {most}:") for text in mistakes)


@pytest.mark.parametrize(
    ("begin", "lead", "seats", "count"),
    [
        ("2027-03-03 12:00", 30, 10, 0),
        ("2027-03-03 12:00", 30, 11, 1),
        ("2027-03-03 12:30", 30, 11, 0),
        ("2027-03-03 12:00", 0, 11, 0),
        ("2027-03-03 12:00", 30, 21, 0),  # which is refused
    ],
)
def test_nodes_that_the_workshop_before_still_has_are_warned_of(
    warned: list[str], begin: str, lead: int, seats: int, count: int
) -> None:
    after = {"name": "after", "begin": begin, "end": "2027-03-03 15:00", "leadMinutes": lead, "seats": seats}
    mistakes = list(room_mistakes(planned({"seats": 10}, after, seats=0), ROOM, NOW))
    assert (len(warned), len(mistakes)) == (count, int(seats > 20))
    for text in warned:
        assert text.startswith("gateway:schedule[1]: the nodes of `after` are asked for 30 minutes before it")
        assert "while `spring` is on" in text


def test_workshops_cost_their_nodes_from_when_they_are_asked_for() -> None:
    # 30 m3.medium for 3.5 hours; half as many nodes where each has two seats.
    night = {"name": "night", "begin": "2027-04-30 23:30", "end": "2027-05-01 00:30", "leadMinutes": 0}
    settings = planned({}, {"name": "second"}, night)
    assert su_of_schedule(settings, ROOM, NOW) == {"2027-03": 2 * 840, "2027-04": 240}
    assert su_of_schedule(planned({}), Room(seat=ROOM.seat, per_node=2), NOW) == {"2027-03": 420}
    assert su_of_schedule(settings, None, NOW) == {}


def test_the_budget_must_hold_the_dearest_month(monkeypatch: pytest.MonkeyPatch) -> None:
    warned: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", warned.append)
    settings = planned({}).model_copy(update={"budget": 11680 + 839})
    months = {"2027-03": 840.0, "2027-04": 10.0}
    rule = "must be at least 12520, what the gateway at its minimum with the workshops of 2027-03 costs"
    with pytest.raises(SettingsError, match=rule):
        check_budget(settings, su_per_hour(settings), months)
    check_budget(settings.model_copy(update={"budget": 12520}), su_per_hour(settings), months)
    assert "0 hours at the maximum" in warned[0]


def test_a_cronjob_keeps_the_seats_and_nothing_has_rights(
    program: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda text, *_: shown.append(text))
    recorded = program(lambda config: config.update({"gateway:schedule": [WORKSHOP]})).recorded
    workshop = Workshop.model_validate(WORKSHOP)
    assert shown[1] == f"service units of gateway:schedule: {workshop.begin[:7]} 84"
    made = recorded.one(CRONJOB)
    assert (made["metadata"]["name"], made["metadata"]["namespace"]) == ("workshop-spring", "jhub")
    asks = workshop.asks
    assert made["spec"]["schedule"] == f"{asks.minute} {asks.hour} {asks.day} {asks.month} *"
    assert (made["spec"]["timeZone"], made["spec"]["failedJobsHistoryLimit"]) == ("Etc/UTC", 0)
    job = made["spec"]["jobTemplate"]["spec"]
    assert (job["completions"], job["parallelism"], job["backoffLimitPerIndex"]) == (3, 3, 0)
    assert job["activeDeadlineSeconds"] == 3.5 * 3600
    pod = job["template"]["spec"]
    assert pod["priorityClassName"] == "jhub-user-placeholder-priority"
    assert pod["schedulerName"] == "jhub-user-scheduler"
    assert pod["nodeSelector"] == {"capi.stackhpc.com/node-group": "mediums"}
    assert pod["automountServiceAccountToken"] is False
    assert pod["containers"][0]["resources"]["requests"] == {"cpu": "7", "memory": "25Gi"}
    assert not {r.typ for r in recorded.resources if ":rbac" in r.typ or r.typ.endswith("ServiceAccount")}
    # Of the hub nothing changes: no placeholder of the chart's, no restart.
    assert recorded.release("jhub")["values"] == program().recorded.release("jhub")["values"]
