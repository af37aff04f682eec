"""Jetstream2's accounting: the allocations of the project that a token is for.

It has one allocation, from which each server takes 1 SU for each vCPU and hour, as m3 flavors do.
"""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Response, jsonify, request

from sandbox.cloud import settings
from sandbox.cloud.standin import usage
from sandbox.cloud.standin.common import rest
from sandbox.cloud.standin.common.rest import ApiError
from sandbox.cloud.standin.flavor import flavor

PREFIX = "/accounting"
YEAR = timedelta(days=365)


def _error(error: ApiError) -> dict[str, Any]:
    return {"error": str(error)}


api = rest.service("accounting", PREFIX, _error)


@api.get("/")
def _list_allocations() -> Response:
    project = rest.caller().project_id
    if request.args:
        raise ApiError(400, f"The sandbox does not know these parameters: {', '.join(request.args)}")
    now = datetime.now(UTC).replace(tzinfo=None)
    start = now.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    used = sum(
        flavor(server["flavor"]["id"])["vcpus"] * usage.hours(server, start, now)
        for server in usage.servers(project)
    )
    allocation = {
        **settings.CATALOGUE["allocation"],
        "service_units_used": round(used, 2),
        "start_date": f"{start:%Y-%m-%d}",
        "end_date": f"{start + YEAR:%Y-%m-%d}",
        "active": 1,
    }
    return jsonify([allocation])
