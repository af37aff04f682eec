"""The stand-in's record of servers, and the accounting over it, through the real client."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openstack import exceptions
from openstack.connection import Connection

from sandbox.tests.cloud.openstack_tools import network

LAST = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=1)
END = LAST + timedelta(days=1)


def created(cloud: Connection, name: str) -> Any:
    flavor = cloud.compute.find_flavor("m3.medium", ignore_missing=False)
    inside = network(cloud, "auto_allocated_network")
    return cloud.compute.create_server(
        name=name, flavor_id=flavor.id, image_id="", networks=[{"uuid": inside}]
    )


def usage(cloud: Connection, start: datetime = LAST, end: datetime = END) -> Any:
    return cloud.compute.get_usage(str(cloud.current_project_id), start=start, end=end)


def accounting(cloud: Connection) -> Any:
    address = cloud.config.get_endpoint("accounting")
    return cloud.session.get(f"{address}/").json()


def test_servers_are_recorded_after_they_are_gone(cloud: Connection) -> None:
    gone, stays = created(cloud, "gone"), created(cloud, "stays")
    cloud.compute.delete_server(gone)
    try:
        found = {server.name: server for server in usage(cloud).server_usages}
        assert (found["gone"].state, found["stays"].state) == ("terminated", "active")
        assert (found["gone"].flavor, found["gone"].vcpus, found["gone"].ended_at is None) == (
            "m3.medium",
            8,
            False,
        )
        assert found["stays"].ended_at is None
        began, ended = (datetime.fromisoformat(found["gone"][key]) for key in ("started_at", "ended_at"))
        assert found["gone"].hours == pytest.approx((ended - began).total_seconds() / 3600)
        assert usage(cloud, LAST - timedelta(days=2), LAST - timedelta(days=1)).server_usages is None
    finally:
        cloud.compute.delete_server(stays)


def test_the_accounting_counts_them(cloud: Connection) -> None:
    (before,) = accounting(cloud)
    assert before["service_units_allocated"] == 200000
    server = created(cloud, "counted")
    hours = usage(cloud).server_usages[-1].hours
    (after,) = accounting(cloud)
    cloud.compute.delete_server(server)
    assert before["service_units_used"] <= after["service_units_used"]
    assert after["service_units_used"] >= int(hours * 8 * 100) / 100


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("start=2026-01-01T00:00:00%2B00:00", "invalid format"),
        ("start=2030-01-01T00:00:00&end=2026-01-01T00:00:00", "start time cannot occur after"),
        ("", "start time cannot occur after"),
        ("limit=3", "does not know these parameters: limit"),
    ],
)
def test_what_nova_or_the_stand_in_does_not_take_is_refused(cloud: Connection, query: str, text: str) -> None:
    path = f"/os-simple-tenant-usage/{cloud.current_project_id}?{query}"
    answer = cloud.compute.get(path)
    assert answer.status_code == 400
    assert text in answer.json()["badRequest"]["message"]


def test_another_projects_record_is_not_shown(cloud: Connection) -> None:
    with pytest.raises(exceptions.ForbiddenException):
        cloud.compute.get_usage("another", start=LAST, end=END)
    assert (
        cloud.session.get(
            f"{cloud.config.get_endpoint('accounting')}/", authenticated=False, raise_exc=False
        ).status_code
        == 401
    )
