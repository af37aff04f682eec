"""`make cost`: the cloud's record of servers, by day and by cause, and what the operator reads of it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openstack.exceptions import ForbiddenException

from components.cloud.flavors import Size, by_name
from components.cost.causes import FLOOR, OTHER, SEATS, USERS, Plan, used
from components.cost.usage import Server, servers
from components.seats.room import Room, room_by
from components.stack import updates
from tests.unit.cloud import flavor, thing
from tests.unit.hub import CATALOGUE, make_settings

DAY = datetime(2027, 3, 1, tzinfo=UTC)
END = DAY + timedelta(days=2)
FIRST, SECOND = date(2027, 3, 1), date(2027, 3, 2)
ROOM = Room(seat=Size(cpu=7, gib=25), per_node=1)


def at(hour: float) -> datetime:
    return DAY + timedelta(hours=hour)


def server(machine: str, begin: float = -24, end: float | None = None, of: str = "m3.medium") -> Server:
    """A server from hour `begin` of DAY to hour `end`."""
    ended = None if end is None else at(end)
    return Server(machine=f"{machine}-abc12", flavor=of, started=at(begin), ended=ended)


def plan(since: float = -24, room: Room | None = ROOM, **settings: Any) -> Plan:
    return Plan(since=at(since), settings=make_settings(**settings), room=room)


def by_day(known: list[Server], *plans: Plan) -> dict[date, dict[str, float]]:
    result = used(sorted(known, key=lambda one: one.started), plans or (plan(),), DAY, END)
    return {day: dict(causes) for day, causes in result.days.items()}


CORE = [server("control-plane", of="m3.quad"), server("default-worker", of="m3.quad")]


def test_the_floor_is_there_at_all_hours() -> None:
    whole = {FLOOR: 24 * (4 + 4 + 8)}
    assert by_day([*CORE, server("mediums")]) == {FIRST: whole, SECOND: whole}


def test_what_users_add_is_theirs_up_to_the_second_it_goes() -> None:
    known = [server("mediums"), server("mediums", 22, 25.5), server("mediums", 23, 23.25)]
    assert by_day(known) == {
        FIRST: {FLOOR: 24 * 8, USERS: 2 * 8 + 0.25 * 8},
        SECOND: {FLOOR: 24 * 8, USERS: 1.5 * 8},
    }


def test_seats_are_what_was_asked_for_beyond_the_minimum() -> None:
    known = [server("mediums") for _ in range(5)]
    assert by_day(known, plan(seats=3))[FIRST] == {FLOOR: 24 * 8, SEATS: 2 * 24 * 8, USERS: 2 * 24 * 8}
    two = Room(seat=ROOM.seat, per_node=2)
    assert by_day(known, plan(seats=3, room=two))[FIRST] == {FLOOR: 192, SEATS: 192, USERS: 3 * 192}


def test_a_workshop_counts_from_when_its_nodes_are_asked_for_until_it_ends() -> None:
    workshop = {
        "name": "spring",
        "seats": 3,
        "zone": "UTC",
        "begin": "2027-03-01 09:00",
        "end": "2027-03-01 12:00",
    }
    known = [server("mediums"), *(server("mediums", 8.5, 12.25) for _ in range(3))]
    # One of the three is the minimum's, and the third new one came because of somebody.
    assert by_day(known, plan(seats=0, schedule=[workshop]))[FIRST] == {
        FLOOR: 24 * 8,
        SEATS: 2 * 3.5 * 8,
        USERS: (3.5 + 3 * 0.25) * 8,
    }


def test_each_time_has_the_settings_of_its_own() -> None:
    known = [server("mediums") for _ in range(3)]
    plans = plan(-24, seats=0), plan(12, seats=3)
    assert by_day(known, *plans)[FIRST] == {FLOOR: 192, USERS: 12 * 16, SEATS: 12 * 16}
    assert by_day(known, plan(12, seats=3))[FIRST] == {FLOOR: 192, SEATS: 24 * 16}, "nothing older is known"


def test_other_groups_have_no_seats_and_former_ones_a_column() -> None:
    groups = [
        {"name": "mediums", "flavor": "m3.medium", "min": 1, "max": 9},
        {"name": "mediums-gpu", "flavor": "g3.large", "min": 1, "max": 2},
    ]
    known = [server("mediums-gpu", of="g3.large"), server("mediums-gpu", of="g3.large"), server("former")]
    assert by_day(known, plan(seats=3, nodeGroups=groups))[FIRST] == {
        FLOOR: 24 * 32,
        USERS: 24 * 32,
        OTHER: 24 * 8,
    }


def test_a_flavor_without_a_price_is_told_apart() -> None:
    result = used([server("mediums", 0, 1.5, of="m9.huge")], [plan()], DAY, END)
    assert (dict(result.unpriced), dict(result.days)) == ({"m9.huge": 1.5}, {})


def test_the_room_is_that_of_the_settings() -> None:
    flavors = by_name([flavor("m3.quad", 4, 15), flavor("m3.medium", 8, 30)])
    assert room_by(make_settings(seats=0), CATALOGUE, flavors) is None
    room = room_by(make_settings(seats=1), CATALOGUE, flavors)
    assert room is not None
    assert room.per_node == 1


def nova(*told: dict[str, Any], status: int = 200) -> Any:
    """A connection whose Nova tells of these servers."""
    asked: dict[str, Any] = {}

    def get(path: str, **words: Any) -> Any:
        asked.update(words, path=path)
        usage = {"server_usages": list(told)} if told else {}
        return thing(
            status_code=status,
            json=lambda: {"tenant_usage": usage},
            headers={},
            reason="",
            url="",
            text="",
            content=b"",
        )

    return thing(
        compute=thing(get=get, flavors=lambda **_: [flavor("m3.quad", 4, 15), flavor("m3.medium", 8, 30)]),
        container_infrastructure_management=thing(
            clusters=lambda: [thing(name="gw25-abcdefghijkx", stack_id=None)]
        ),
        current_project_id="p-1",
        asked=asked,
    )


def usage(
    name: str, started: str | None = "2027-02-27T20:10:44.541277", ended: str | None = None
) -> dict[str, Any]:
    return {"name": name, "flavor": "m3.medium", "started_at": started, "ended_at": ended, "hours": 1.0}


def test_the_record_is_that_of_the_gateways_machines() -> None:
    cloud = nova(
        usage("gw25-abcdefghijkl-mediums-x7k2p-9qwer", ended="2027-03-01T01:00:00.000000"),
        usage("gw25-mnopqrstuvwx-control-plane-1", started="2027-02-01T00:00:00"),
        usage("gw25-never-started", started=None),
        usage("gw25-abcdefghijkl-mediums-failed", started=None),
        usage("gw25-abcdefghijkx-mediums-of-another"),
        usage("gw251-abcdefghijkl-mediums-1"),
        usage("gw25"),
    )
    found = servers(cloud, "gw25", DAY, END)
    assert [one.machine for one in found] == ["control-plane-1", "mediums-x7k2p-9qwer"]
    assert (found[0].ended, found[1].ended) == (None, at(1))
    assert cloud.asked == {
        "path": "/os-simple-tenant-usage/p-1",
        "params": {"start": "2027-03-01T00:00:00", "end": "2027-03-03T00:00:00"},
        "microversion": "2.1",
    }
    assert servers(nova(), "gw25", DAY, END) == []
    with pytest.raises(ForbiddenException):
        servers(nova(status=403), "gw25", DAY, END)


PULUMI = """#!/usr/bin/env python3
import json, sys
words = sys.argv[1:]
assert words[:6] == ["stack", "history", "--json", "--stack", "dev", "--page-size"], words
pages = dict(enumerate(json.load(open(sys.argv[0] + ".pages")), start=1))
print(json.dumps(pages.get(int(words[words.index("--page") + 1]), [])))
"""


def told_update(
    hour: int, kind: str = "update", result: str = "succeeded", seats: str = "0"
) -> dict[str, Any]:
    config = {
        "gateway:seats": {"value": seats, "secret": False},
        "gateway:hub": {"value": '{"admins": ["a"]}', "objectValue": {"admins": ["a"]}, "secret": False},
        "gateway:adminPassword": {"secret": True},
    }
    return {
        "kind": kind,
        "result": result,
        "startTime": f"{at(hour):%Y-%m-%dT%H:%M:%S.000Z}",
        "config": config,
    }


def test_the_history_is_read_back_to_the_last_update_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pulumi"
    file.write_text(PULUMI, encoding="utf-8")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def history(*pages: list[dict[str, Any]]) -> list[datetime]:
        file.with_name("pulumi.pages").write_text(json.dumps(pages), encoding="utf-8")
        return [update.at for update in updates("dev", DAY)]

    newest = [told_update(9), told_update(8, kind="destroy"), told_update(7, result="failed")]
    assert history(newest, [told_update(3), told_update(-1), told_update(-9)]) == [at(-1), at(3), at(9)]
    assert history(newest) == [at(9)]
    assert history() == []
    file.with_name("pulumi.pages").write_text(json.dumps([[told_update(1, seats="3")]]), encoding="utf-8")
    (update,) = updates("dev", DAY)
    assert update.config == {"gateway:seats": "3", "gateway:hub": '{"admins": ["a"]}'}
