"""The sandbox's Docker engine and registry."""

from __future__ import annotations

import json
import urllib.request

import pytest

from sandbox import containers
from sandbox.containers import ContainersError, Engine


def test_registry_has_the_base_image(engine: Engine) -> None:
    with urllib.request.urlopen(f"http://{engine.registry}/v2/debian/tags/list", timeout=10) as answer:
        assert "12" in json.load(answer)["tags"]
    assert engine.docker("run", "--rm", engine.base, "cat", "/etc/debian_version").startswith("12.")


def test_starting_again_changes_nothing(engine: Engine) -> None:
    said: list[str] = []
    assert containers.start(said.append) == engine
    assert said == []


def test_what_is_built_can_be_pushed_and_pulled_by_digest(engine: Engine) -> None:
    reference = f"{engine.registry}/gateway/pushed:test"
    engine.docker("tag", engine.base, reference)
    engine.docker("push", "--quiet", reference)
    digest = engine.docker("inspect", "--format", "{{index .RepoDigests 0}}", reference).strip()
    assert "@sha256:" in digest
    engine.docker("pull", "--quiet", f"{engine.registry}/gateway/pushed@{digest.partition('@')[2]}")


def test_what_is_missing_is_named(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ContainersError, match=r"docker is missing: apt-get install docker\.io"):
        engine.docker("version")


def test_a_failure_says_what_docker_said(engine: Engine) -> None:
    with pytest.raises(ContainersError, match=r"(?i)no such image"):
        engine.docker("run", "--pull=never", "--rm", "no-such-image:1")
