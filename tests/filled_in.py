"""Pulumi.production.example.yaml as an operator has filled it in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

EXAMPLE = Path(__file__).parents[1] / "Pulumi.production.example.yaml"
CLIENT_SECRET = "client-secret-of-the-tests"
OWN = {
    "xxx000000": "abc123456",
    "your-client-id": "met-gateway",
    "your-group": "met-users",
    "your-organization": "our-lab",
    "your-staff": "met-staff",
    "your-university": "our-lab",
    "your-user-name": "ann",
}
"""What stands there for a placeholder; the gateway's name comes beside it."""


def filled_in(name: str) -> dict[str, Any]:
    """The configuration of a gateway of this name, secrets left out."""
    text = EXAMPLE.read_text(encoding="utf-8")
    for placeholder, own in {"your-gateway": name, **OWN}.items():
        text = text.replace(placeholder, own)
    return dict(yaml.safe_load(text)["config"])
