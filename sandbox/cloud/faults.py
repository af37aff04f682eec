"""A switch for tests: make a service of the cloud answer with an error, as the real one does on a bad day."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import layout

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_PROCESSES = {"keystone": "identity", "magnum": "container-infra", "designate": "dns"}
_STANDIN_PATHS = {
    "compute": "compute",
    "image": "image",
    "network": "network",
    "load-balancer": "load-balancer",
    "volume": "block-storage",
    "accounting": "accounting",
}
_REASONS = {429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What one service does wrong."""

    status: int | None = None
    """HTTP status of its answers; None: it answers as ever."""
    count: int | None = None
    """How many requests are answered so; None: all, until cleared."""
    methods: tuple[str, ...] = ()
    """HTTP methods that are hit; empty: all."""
    path: str = ""
    """Only requests whose path holds this."""
    pending: bool = False
    """Load balancers made from now on stay in PENDING_CREATE until the fault is cleared."""


def _file() -> Path:
    return layout.RUN / "faults.json"


def _read() -> dict[str, Any]:
    try:
        known: dict[str, Any] = json.loads(_file().read_text())
    except FileNotFoundError:
        return {}
    return known


def _write(known: dict[str, Any]) -> None:
    """Replace the file in one step, so that no reader sees half of it."""
    fresh = _file().with_suffix(".new")
    fresh.write_text(json.dumps(known))
    fresh.replace(_file())


def set_fault(service_type: str, fault: Fault) -> None:
    """From now on the service (its type in the catalogue, such as `container-infra`) fails as told."""
    with layout.locked(_file()):
        _write({**_read(), service_type: asdict(fault)})


def clear(service_type: str | None = None) -> None:
    """End the fault of one service, or of all."""
    with layout.locked(_file()):
        _write({name: fault for name, fault in _read().items() if service_type not in (None, name)})


def current(service_type: str) -> Fault | None:
    """The fault that is set for a service."""
    fault = _read().get(service_type)
    return Fault(**{**fault, "methods": tuple(fault["methods"])}) if fault else None


def _hit(service_type: str, method: str, path: str) -> int | None:
    """The status to fail this request with, counted; None where it passes."""
    fault = current(service_type)
    if fault is None or fault.status is None:
        return None
    if (fault.methods and method not in fault.methods) or fault.path not in path:
        return None
    if fault.count is not None:
        with layout.locked(_file()):
            known = _read()
            left = known.get(service_type, {}).get("count") or 0
            if left < 1:
                return None
            known[service_type]["count"] = left - 1
            _write(known)
    return fault.status


class Middleware:
    """Stands before a service's WSGI application and answers in its place while a fault is set."""

    def __init__(self, app: WSGIApplication, process: str) -> None:
        self._app = app
        self._process = process

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request, or have it answered."""
        path = environ["PATH_INFO"]
        service = _PROCESSES.get(self._process) or _STANDIN_PATHS.get(path.split("/")[1], "")
        status = _hit(service, environ["REQUEST_METHOD"], path) if _file().exists() else None
        if status is None:
            return self._app(environ, start_response)
        reason = _REASONS.get(status, "Fault")
        body = json.dumps({"error": {"code": status, "title": reason, "message": f"sandbox fault: {reason}"}})
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        if status in (429, 503):
            headers.append(("Retry-After", "1"))
        start_response(f"{status} {reason}", headers)
        return [body.encode()]
