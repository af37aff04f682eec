"""A new stack's file, its secrets and its cloud are told in one go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from keystoneauth1.exceptions import ConnectFailure

from components import preflight
from components.cloud import survey as cloud
from components.settings.errors import SettingsError
from tests.unit.cloud import Cloud, thing
from tests.unit.conftest import Run

Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def refusal(program: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> Callable[[Change], str]:
    """What the program says with these changes, without secrets, and the real look at the cloud."""
    monkeypatch.setattr(preflight, "survey", cloud.survey)
    monkeypatch.setattr(preflight, "reach", cloud.reach)

    def run(change: Change) -> str:
        with pytest.raises(SettingsError) as refused:
            program(change, secrets={})
        return str(refused.value)

    return run


def test_secrets_and_somebody_elses_zone(answering: Cloud, refusal: Callable[[Change], str]) -> None:
    answering.zone_list = [thing(name="theirs.projects.jetstream-cloud.org.", id="theirs")]
    text = refusal(lambda config: config["gateway:hub"].update({"desktops": ["nothing"]}))
    for words in (
        "gateway:adminPassword: is a secret that must be set",
        "gateway:userPassword: is a secret that must be set",
        "gateway:zone: must be a DNS zone of this cloud (theirs.projects.jetstream-cloud.org.)",
        "gateway:hub.desktops",
    ):
        assert words in text


def test_a_placeholder_is_told_once(answering: Cloud, refusal: Callable[[Change], str]) -> None:
    placeholder = "xxx000000.projects.jetstream-cloud.org."
    text = refusal(lambda config: config.update({"gateway:zone": placeholder}))
    assert answering.zone_list
    assert text.count("gateway:zone") == 1
    assert "gateway:zone: is still a placeholder; enter your own" in text


@pytest.mark.parametrize("broken", [False, True], ids=["settings in order", "settings refused"])
def test_secrets_and_no_cloud(
    refusal: Callable[[Change], str], monkeypatch: pytest.MonkeyPatch, broken: bool
) -> None:
    def refuse(_: Any) -> None:
        raise ConnectFailure("Cloud openstack was not found.")

    monkeypatch.setattr(cloud, "connect", refuse)
    text = refusal(lambda config: config.update({"gateway:protect": 7} if broken else {}))
    assert "gateway:adminPassword: is a secret that must be set" in text
    assert (
        "openstack:cloud: must name a cloud of clouds.yaml that answers (Cloud openstack was not found."
        in text
    )
    assert ("gateway:protect: must be true or false" in text) is broken
