"""Which Docker engine the sandbox takes, and what it asks for where there is none. None is started here."""

from __future__ import annotations

import io
import json
import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from sandbox import containers, layout, processes, shell
from sandbox.containers import ContainersError, chosen, mirror, monitoring
from sandbox.tools import packages
from sandbox.tools.golang import module_version, program_name

PRESENT = "unix:///run/present.sock"


@pytest.fixture(autouse=True)
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A docker client that finds an engine at PRESENT only, and a sandbox that has none of its own."""
    docker = tmp_path / "docker"
    docker.write_text(
        "#!/bin/sh\n"
        'case "$1" in\n'
        'context) echo "$DOCKER_HOST" ;;\n'
        f'version) [ "$DOCKER_HOST" = {PRESENT} ] || {{ echo "Cannot connect" >&2; exit 1; }} ;;\n'
        "esac\n"
    )
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(layout, "RUN", tmp_path / "run")


def test_an_engine_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", PRESENT)
    assert "dockerd" not in containers.programs()
    variables = shell.environment()
    registry = f"127.0.0.1:{layout.port('registry')}"
    assert variables["DOCKER_HOST"] == PRESENT
    assert variables["SANDBOX_REGISTRY"] == registry
    assert re.fullmatch(f"{registry}/sandbox/desktop-base:[0-9a-f]{{12}}", variables["SANDBOX_DESKTOP_BASE"])
    assert re.fullmatch(
        f"{registry}/sandbox/notebook-base:[0-9a-f]{{12}}", variables["SANDBOX_NOTEBOOK_BASE"]
    )


def test_another_sandboxs_variables_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_REGISTRY", "127.0.0.1:9")
    assert shell.environment()["SANDBOX_REGISTRY"] == f"127.0.0.1:{layout.port('registry')}"


def test_root_starts_one_where_none_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert containers.programs() == {**packages.ENGINE, **packages.CONTAINERS}


def test_others_are_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(ContainersError) as refused:
        containers.programs()
    for words in (
        "(Cannot connect)",
        "Start Docker, or set DOCKER_HOST",
        "name published images in Pulumi.sandbox.yaml",
    ):
        assert words in str(refused.value)


def test_a_folder_too_deep_for_the_engines_sockets_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(packages, "program", lambda name: name)
    monkeypatch.setattr(processes, "start", lambda *_, **__: pytest.fail("nothing is to be started"))
    monkeypatch.setattr(layout, "RUN", tmp_path / ("deep" * 25))
    with pytest.raises(ContainersError, match="too long for a socket: set SANDBOX_HOME"):
        containers.start(print)


def test_a_stack_that_builds_nothing_needs_no_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell.builds_images()
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    (tmp_path / "Pulumi.sandbox.yaml").write_text("config:\n  gateway:name: gw25\n")
    assert not shell.builds_images()


@pytest.mark.parametrize(
    ("settings", "made"),
    [
        ({"gateway:name": "gw25"}, []),
        ({"gateway:monitoring": {"enabled": False}, "gateway:ingress": "nginx"}, []),
        ({"gateway:monitoring": {"enabled": True, "sizeGib": 3}}, ["monitoring"]),
        ({"gateway:ingress": "traefik"}, ["traefik"]),
    ],
)
def test_what_takes_minutes_is_built_for_those_who_choose_it(
    settings: dict[str, Any], made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("monitoring", "traefik"):
        monkeypatch.setattr(getattr(chosen, name), "ensure", lambda _, name=name: asked.append(name))
    chosen.ensure(settings, print)
    assert asked == made


def test_monitoring_is_built_at_the_charts_versions() -> None:
    modules = {program_name(f"{module}{path}"): module for module, path in monitoring.PACKAGES.items()}
    pinned = {name: module_version(monitoring.MODULE, module) for name, module in modules.items()}
    asked = {name: reference.rpartition(":v")[2] for name, reference in monitoring.references().items()}
    major, minor, patch = asked.pop("prometheus").split(".")
    assert pinned.pop("prometheus") == f"0.{major}{int(minor):02}.{patch}"
    assert pinned == asked


def test_a_program_is_where_no_pod_mounts_a_folder(tmp_path: Path) -> None:
    program = tmp_path / "alertmanager"
    program.write_bytes(b"a program")
    layer, config = mirror.contents(program, folder="bin")
    with tarfile.open(fileobj=io.BytesIO(layer)) as files:
        assert files.getnames() == ["bin/alertmanager"]
    assert json.loads(config)["config"]["Entrypoint"] == ["/bin/alertmanager"]
