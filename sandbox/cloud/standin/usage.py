"""Nova's record of servers, those too that are deleted: os-simple-tenant-usage, microversion 2.1."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import request

from sandbox.cloud.standin import compute
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import Answer, ApiError
from sandbox.cloud.standin.common.store import Body
from sandbox.cloud.standin.flavor import PREFIX, flavor

api = rest.service("usage", PREFIX, rest.nova_error)
FORMS = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%d %H:%M:%S.%f")
"""How Nova takes times, all of them UTC; it refuses a zone."""


@api.get("/v2.1/os-simple-tenant-usage/<project>")
def _show_usage(project: str) -> Answer:
    if project != rest.caller().project_id:
        rest.caller().require("admin")
    if unknown := sorted(set(request.args) - {"start", "end", "detailed"}):
        raise ApiError(400, f"The sandbox does not know these parameters: {', '.join(unknown)}")
    now = _now()
    start, end = (_time(request.args.get(name), now) for name in ("start", "end"))
    if not start < end:
        raise ApiError(400, "Invalid start time. The start time cannot occur after the end time.")
    end = min(end, now)
    found = [_one(server, start, end) for server in servers(project) if _in_window(server, start, end)]
    if not found:
        return {"tenant_usage": {}}
    totals = {
        f"total_{name}": sum(one[part] * one["hours"] for one in found)
        for name, part in {
            "vcpus_usage": "vcpus",
            "memory_mb_usage": "memory_mb",
            "local_gb_usage": "local_gb",
        }.items()
    }
    return {
        "tenant_usage": {
            "tenant_id": project,
            "server_usages": found,
            "start": start.isoformat(),
            "stop": end.isoformat(),
            "total_hours": sum(one["hours"] for one in found),
            **totals,
        }
    }


def servers(project: str) -> list[Body]:
    """The servers that the project has, or had, the latter as they were when they were deleted."""
    kept = [*rest.store().all(compute.DELETED), *rest.store().all("server")]
    return [server for server in kept if rest.owner(server) == project]


def hours(server: Body, start: datetime, end: datetime) -> float:
    """How long the server was there in this time."""
    launched, ended = _times(server)
    return max(0.0, (min(ended or end, end) - max(launched, start)).total_seconds() / 3600)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _time(text: str | None, now: datetime) -> datetime:
    for form in FORMS if text else ():
        try:
            return datetime.strptime(str(text), form)
        except ValueError:
            continue
    if text:
        raise ApiError(400, "Datetime is in invalid format")
    return now


def _times(server: Body) -> tuple[datetime, datetime | None]:
    ended = server[compute.ENDED]
    return datetime.fromisoformat(server[compute.LAUNCHED]), datetime.fromisoformat(ended) if ended else None


def _in_window(server: Body, start: datetime, end: datetime) -> bool:
    launched, ended = _times(server)
    return launched <= end and (ended is None or ended >= start)


def _one(server: Body, start: datetime, end: datetime) -> dict[str, Any]:
    launched, ended = _times(server)
    shape = flavor(server["flavor"]["id"])
    return {
        "instance_id": server["id"],
        "name": server["name"],
        "tenant_id": rest.owner(server),
        "flavor": shape["name"],
        "vcpus": shape["vcpus"],
        "memory_mb": shape["ram"],
        "local_gb": shape["disk"],
        "hours": hours(server, start, end),
        "started_at": server[compute.LAUNCHED],
        "ended_at": server[compute.ENDED],
        "state": "terminated" if ended else server["OS-EXT-STS:vm_state"],
        "uptime": int(((ended or _now()) - launched).total_seconds()),
    }
