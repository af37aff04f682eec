"""Seats: room for desktops that is kept at all times, what it costs, and where it can't be had."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.cloud.flavors import Size
from components.cost.prices import in_words, su_per_hour
from components.seats.room import Room, room_of, seat_mistakes
from tests.unit.conftest import FLAVORS, Run
from tests.unit.hub import make_settings, make_values, pod, requested, schema_errors

IDV = Size(cpu=7, gib=25)
HAWKEYE = Size(cpu=3.5, gib=12)


def test_each_seat_is_a_placeholder_as_large_as_the_desktop_that_pushes_it_aside() -> None:
    values = make_values(seats=3)
    kept = values["scheduling"]["userPlaceholder"]
    assert schema_errors(values) == []
    assert kept["replicas"] == 3
    asks = {"spec": {"containers": [{"resources": kept["resources"]}]}}
    assert requested(asks) == requested(pod(values, "idv")) == IDV
    # The chart puts placeholders where it puts users.
    assert values["singleuser"]["nodeSelector"] == pod(values, "idv")["spec"]["nodeSelector"]


@pytest.mark.parametrize(
    ("part", "whole", "times"),
    [
        (IDV, FLAVORS["m3.medium"].room, 1),
        (HAWKEYE, FLAVORS["m3.medium"].room, 2),
        (Size(cpu=1, gib=4, gpus=1), FLAVORS["m3.medium"].room, 0),
        (Size(cpu=0.1, gib=1), Size(cpu=0.3, gib=9), 3),
    ],
)
def test_a_node_has_as_many_seats_as_fit_whole(part: Size, whole: Size, times: int) -> None:
    assert whole.times(part) == times


def test_seats_fill_nodes_by_the_flavor_of_the_users_group() -> None:
    settings = make_settings()
    assert room_of(settings, HAWKEYE, FLAVORS) == Room(seat=HAWKEYE, per_node=2)
    assert room_of(settings, IDV, {"m3.medium": FLAVORS["m3.quad"]}) is None
    assert room_of(settings, IDV, {}) is None
    assert [Room(seat=HAWKEYE, per_node=2).nodes(seats) for seats in range(5)] == [0, 1, 1, 2, 2]


@pytest.mark.parametrize(("seats", "told"), [(40, 0), (41, 1)])
def test_more_seats_than_the_group_can_ever_have_are_refused(seats: int, told: int) -> None:
    room = Room(seat=HAWKEYE, per_node=2)
    mistakes = [str(mistake) for mistake in seat_mistakes(make_settings(seats=seats), room)]
    assert len(mistakes) == told
    assert all("`max: 21` in gateway:nodeGroups" in text for text in mistakes)


@pytest.mark.parametrize(
    ("seats", "price"),
    [
        # Two m3.quad are 8 SU an hour, an m3.medium is 8, and the group has one at least.
        (0, {"floor": 16, "maximum": 168}),
        (1, {"floor": 16, "maximum": 168, "seats": 8}),
        (3, {"floor": 32, "maximum": 168, "seats": 24}),
    ],
)
def test_seats_cost_the_nodes_that_they_fill(seats: int, price: dict[str, float]) -> None:
    assert su_per_hour(make_settings(seats=seats), Room(seat=IDV, per_node=1)) == price


def test_the_price_says_what_seats_are_of_it() -> None:
    price: dict[str, float] = {"floor": 32, "maximum": 168, "seats": 24}
    text = "service units an hour: now 4, floor 32 (24 of it for seats), maximum 168"
    assert in_words(price, ["m3.quad"]) == text


def test_a_preview_shows_what_seats_cost(
    program: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "info", lambda text, *_: told.append(text))

    def change(config: dict[str, Any]) -> None:
        config["gateway:seats"] = 3

    run = program(change)
    assert told == ["service units an hour: floor 32 (24 of it for seats), maximum 168"]
    assert run.outputs["su_per_hour"] == {"floor": 32, "maximum": 168, "seats": 24}
    assert run.recorded.release("jhub")["values"]["scheduling"]["userPlaceholder"]["replicas"] == 3
