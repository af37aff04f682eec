"""Pulumi.production.example.yaml: complete, explained, and refused until an operator has filled it in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from components.cost.prices import HOURS, su_per_hour
from components.settings.errors import SettingsError
from components.settings.load import check
from components.settings.model import Settings
from tests.filled_in import CLIENT_SECRET, filled_in
from tests.unit.conftest import ROOT, Run

FILE = ROOT / "Pulumi.production.example.yaml"
LINES = FILE.read_text(encoding="utf-8").splitlines()
OTHERS = {"charts", "renamed"}
"""What only a mirror of charts, and a stack that was renamed, need."""


def config() -> dict[str, Any]:
    """The file as it is."""
    return dict(yaml.safe_load(FILE.read_text(encoding="utf-8"))["config"])


def replaced(change: dict[str, Any]) -> Callable[[dict[str, Any]], None]:
    def apply(running: dict[str, Any]) -> None:
        running.clear()
        running.update(change)

    return apply


def test_what_an_operator_must_fill_in_is_told_at_once(program: Callable[..., Run]) -> None:
    with pytest.raises(SettingsError) as refused:
        program(replaced(config()), secrets={})
    told = [re.sub(r"\[\d+]", "", mistake.key).split(".")[-1] for mistake in refused.value.mistakes]
    settings = [line.strip().removeprefix("gateway:") for line in LINES if "# yours" in line]
    marked = [line.partition(":")[0] for line in settings]
    assert sorted(key.removeprefix("gateway:") for key in told) == sorted([*marked, "oauthClientSecret"])
    assert all(
        mistake.rule in ("is still a placeholder; enter your own", "is a secret that must be set")
        for mistake in refused.value.mistakes
    )


def test_filled_in_it_is_a_gateway(program: Callable[..., Run]) -> None:
    run = program(replaced(filled_in("met")), secrets={"oauthClientSecret": CLIENT_SECRET})
    assert run.outputs["url"].startswith("https://met.")
    assert run.outputs["hub_admin_password"] is None
    assert run.outputs["oauth_callback"] == f"{run.outputs['url']}/hub/oauth_callback"
    values = run.recorded.release("jhub")["values"]
    assert values["hub"]["config"]["GatewayOIDCAuthenticator"]["allowed_groups"] == ["met-users"]
    assert values["hub"]["config"]["OAuthenticator"]["allow_all"] is False


def test_it_sets_all_that_there_is() -> None:
    given = {key.removeprefix("gateway:") for key in config() if key.startswith("gateway:")}
    assert given == {str(field.alias) for field in Settings.model_fields.values()} - OTHERS
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        if inner and name not in {*OTHERS, "images"}:
            keys = {str(one.alias) for one in inner.values()}
            assert set(config()[f"gateway:{field.alias}"]) == keys, name


def test_every_line_has_its_reason() -> None:
    settings = [line for line in LINES[LINES.index("config:") + 1 :] if not line.strip().startswith("#")]
    assert [line for line in settings if " # " not in line and not line.endswith(":")] == []


def test_the_price_that_it_names_is_its_price() -> None:
    own = {key.removeprefix("gateway:"): value for key, value in filled_in("met").items() if "gateway" in key}
    price = su_per_hour(check(own))
    assert isinstance(price, dict)
    [line] = [line for line in LINES if "gateway:budget" in line]
    assert f"({price['floor']:g} SU/h, {price['floor'] * HOURS:.0f} a month)" in line
