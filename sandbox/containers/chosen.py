"""Images of charts that only some gateways choose: they take minutes, and no other gateway waits for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.containers import monitoring, traefik


def ensure(settings: Mapping[str, Any], say: Callable[[str], object]) -> None:
    """Have those that a stack's `settings` choose in the registry, which runs. Raises ToolchainError."""
    if (settings.get("gateway:monitoring") or {}).get("enabled"):
        monitoring.ensure(say)
    if settings.get("gateway:ingress") == "traefik":
        traefik.ensure(say)
