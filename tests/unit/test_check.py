"""`make preflight`: all checks of a stack without the engine."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from kubernetes import client
from pulumi.runtime.settings import Settings as Run
from pulumi.runtime.settings import configure

from components import check, preflight
from components.cloud import survey as cloud
from components.cloud.existing import Existing, ExistingCluster
from components.images.pinned import Pinned
from components.settings.load import check as settings_of
from tests.unit.claims import DATABASE, HOMES, Kubernetes
from tests.unit.conftest import OWNER, SECRETS, stack_config

PULUMI = """#!/bin/sh
case "$*" in
  "config --show-secrets --json --stack dev") cat "$0.config" ;;
  "stack --show-name --fully-qualify-stack-names --stack dev") echo a-lab/gateway/dev ;;
  "stack output --json --stack dev") echo '{"images": {"pyaos": "quay.io/our-lab/pyaos:1.0.0@sha256:abc"}}' ;;
  *) echo "error: no stack named 'prod' found" >&2; exit 255 ;;
esac
"""


Give = Callable[..., None]


@pytest.fixture
def give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, survey: dict[str, Any]) -> Iterator[Give]:
    """Puts a `pulumi` first on the PATH that gives the stack's file, with these changes."""
    file = tmp_path / "pulumi"
    file.write_text(PULUMI, encoding="utf-8")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.delenv("OS_CLOUD", raising=False)

    def write(**changes: Any) -> None:
        plain = stack_config() | {f"gateway:{key}": value for key, value in changes.items()}
        told = {
            key: {"value": value if isinstance(value, str) else json.dumps(value), "secret": False}
            for key, value in plain.items()
        }
        told |= {f"gateway:{key}": {"value": value, "secret": True} for key, value in SECRETS.items()}
        file.with_name("pulumi.config").write_text(json.dumps(told), encoding="utf-8")

    yield write
    configure(Run(project="project", stack="stack", organization="organization"))


def test_a_stack_in_order(
    give: Give, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: dict[str, Any] = {}

    def pin(*_: Any, last: Any, tag: str, **__: Any) -> Pinned:
        seen.update(last=last, tag=tag, organization=pulumi.get_organization())
        return Pinned(published={}, lost=frozenset())

    monkeypatch.setattr(preflight, "pin", pin)
    give()
    assert check.main(["dev"]) == 0
    said = capsys.readouterr()
    assert said.out == "no mistakes\n"
    assert "info: service units an hour: floor 16, maximum 168" in said.err
    assert "warning: gateway:auth is shared-password" in said.err
    assert seen == {
        "last": {"pyaos": "quay.io/our-lab/pyaos:1.0.0@sha256:abc"},
        "tag": "dev",
        "organization": "a-lab",
    }


def test_mistakes_and_warnings_apart(give: Give, capsys: pytest.CaptureFixture[str]) -> None:
    give(zone="no-dot", keeps="x")
    assert check.main(["dev"]) == 1
    said = capsys.readouterr()
    assert said.out.startswith(
        "2 mistakes in the settings of this stack; nothing was changed:\n  - gateway:zone"
    )
    assert "mistake" not in said.err


@pytest.mark.parametrize(
    ("words", "text"), [(["prod"], "no stack named 'prod' found"), ([""], "make preflight STACK=NAME")]
)
def test_no_such_stack(give: Give, words: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    give()
    assert check.main(words) == 2
    assert text in capsys.readouterr().err


def test_registries_and_cloud_are_asked_side_by_side(give: Give, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()
    found = cloud.Survey(owner=OWNER, template_id="t", zone_id="z")

    def pin(*_: Any, **__: Any) -> Pinned:
        asked.set()
        return Pinned(published={}, lost=frozenset())

    def patient(*_: Any) -> cloud.Survey:
        assert asked.wait(5), "the registries are asked only when the cloud has answered"
        return found

    monkeypatch.setattr(preflight, "pin", pin)
    monkeypatch.setattr(preflight, "survey", patient)
    give()
    assert check.main(["dev"]) == 0


def test_homes_are_listed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Counting(Kubernetes):
        def list_namespaced_persistent_volume_claim(self, namespace: str, **words: Any) -> Any:
            asked.append(words.get("label_selector", ""))
            return super().list_namespaced_persistent_volume_claim(namespace, **words)

    plain = {key.removeprefix("gateway:"): value for key, value in stack_config().items()}
    settings = settings_of({key: value for key, value in plain.items() if ":" not in key})
    answer = SimpleNamespace(json=lambda: {"status": "CREATE_COMPLETE", "api_address": "https://api.test"})
    magnum = SimpleNamespace(get=lambda _: answer)
    found = cloud.Survey(
        owner=OWNER,
        template_id="t",
        zone_id="z",
        existing=Existing(cluster=ExistingCluster(id="c-1", template_id="t")),
        connection=SimpleNamespace(container_infrastructure_management=magnum),  # type: ignore[arg-type]
    )
    monkeypatch.setattr(client, "CoreV1Api", lambda _: Counting(DATABASE, *HOMES))
    monkeypatch.setattr(client, "StorageV1Api", lambda _: Kubernetes())
    for name in ("sign", "client_of", "drift"):
        monkeypatch.setattr(preflight, name, lambda *_: {})
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    assert preflight.look_inside(settings, found).mistakes == []
    assert "there are homes of users who can't log in: ann, bob" in told[0]
    assert len([label for label in asked if label]) == 1
