"""The gateway's servers as Nova recorded them, those too that are deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from openstack.connection import Connection
from openstack.exceptions import raise_from_response

from components.cloud.ownership import names_of, of_a_machine


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server of the gateway's clusters."""

    machine: str
    """Its name after the cluster's: the node group, and what Cluster API adds."""
    flavor: str
    started: datetime
    ended: datetime | None


def servers(connection: Connection, gateway: str, since: datetime, until: datetime) -> list[Server]:
    """Those that were there in this time, of every cluster that had the gateway's name; oldest first.

    Raises SDKException or ClientException.
    """
    names = names_of(gateway, connection)
    # Nova refuses times with a zone. Its first microversion, which is asked here, tells all servers at once;
    # from 2.40 on it tells them by pages.
    span = {"start": _naive(since), "end": _naive(until)}
    answer = connection.compute.get(
        f"/os-simple-tenant-usage/{connection.current_project_id}", params=span, microversion="2.1"
    )
    raise_from_response(answer)
    told: list[dict[str, Any]] = answer.json()["tenant_usage"].get("server_usages", [])
    found = [
        Server(
            machine=server["name"][match.end() :].removeprefix("-"),
            flavor=server["flavor"],
            started=_utc(server["started_at"]),
            ended=_utc(server["ended_at"]) if server["ended_at"] else None,
        )
        for server in told
        # One that never started has no time, and cost nothing.
        if server["started_at"]
        and of_a_machine(server["name"], names)
        and (match := names.match(server["name"]))
    ]
    return sorted(found, key=lambda server: server.started)


def _naive(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat()


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
