"""Conditions, as all of cert-manager's kinds carry them in their status."""

from __future__ import annotations

import time
from typing import Any

from sandbox.clusters.controller.kube import Object


def now() -> str:
    """The time in the API's form."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def get(thing: Object, kind: str) -> Object | None:
    """The condition `kind` of `thing`."""
    found = thing.get("status", {}).get("conditions", [])
    return next((one for one in found if one["type"] == kind), None)


def is_true(thing: Object, kind: str) -> bool:
    """Whether the condition `kind` of `thing` is True."""
    condition = get(thing, kind)
    return condition is not None and condition["status"] == "True"


def put(thing: Object, kind: str, *, true: bool, reason: str, message: str) -> list[Any]:
    """The conditions of `thing` with `kind` set; its transition time moves only when its status does."""
    status = "True" if true else "False"
    before = get(thing, kind)
    since = before["lastTransitionTime"] if before and before["status"] == status else now()
    condition = {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": since,
    }
    if kind == "Ready" and "generation" in thing["metadata"]:
        condition["observedGeneration"] = thing["metadata"]["generation"]
    return [condition, *without(thing, kind)]


def without(thing: Object, kind: str) -> list[Any]:
    """The conditions of `thing` except `kind`."""
    return [one for one in thing.get("status", {}).get("conditions", []) if one["type"] != kind]
