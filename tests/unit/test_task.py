"""`python3 -m components.task NAME`, the command line that states remember (docs/adr/0005)."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from components.task import TASKS, task
from tests.unit.conftest import ROOT

OUTSIDE = str(Path(sys.base_prefix) / "bin" / "python3")
"""A Python without the project's packages; with -S it has none at all but its own."""


def run(
    *command: str, folder: Path = ROOT, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        input=stdin,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def copy_of_components(folder: Path) -> Path:
    shutil.copytree(ROOT / "components", folder / "components", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def dead_clusters_kubeconfig() -> str:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        server = f"https://127.0.0.1:{closed.getsockname()[1]}"
    context = {"name": "dead", "context": {"cluster": "dead", "user": "admin"}}
    return yaml.safe_dump(
        {
            "clusters": [{"name": "dead", "cluster": {"server": server}}],
            "users": [{"name": "admin", "user": {}}],
            "contexts": [context],
            "current-context": "dead",
        }
    )


def test_states_remember_these_names() -> None:
    remembered = {"audit", "certificate", "homes", "kubeconfig", "port", "volumes"}
    assert remembered <= set(TASKS), "`pulumi destroy` runs what the state remembers: a name stays for ever"
    assert task("homes", "keep") == "python3 -m components.task homes keep"


@pytest.mark.parametrize("words", [[], ["nonsense"]])
def test_an_unknown_name_shows_the_usage(words: list[str]) -> None:
    ended = run(sys.executable, "-m", "components.task", *words)
    assert ended.returncode == 2
    assert ended.stderr.startswith("usage: python3 -m components.task {audit,")
    assert ended.stdout == ""


def test_it_runs_in_the_virtual_environment_whatever_python_starts_it() -> None:
    ended = run(
        OUTSIDE,
        "-S",
        "-m",
        "components.task",
        "volumes",
        stdin=dead_clusters_kubeconfig(),
        TIMEOUT_MINUTES="1",
    )
    assert ended.returncode == 0, ended.stderr
    assert "the cluster could not be asked for its volumes" in ended.stderr


def test_all_words_reach_the_virtual_environments_python(tmp_path: Path) -> None:
    python = copy_of_components(tmp_path) / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\nexit 7\n', encoding="utf-8")
    python.chmod(0o755)
    ended = run(OUTSIDE, "-S", "-m", "components.task", "homes", "take-back", folder=tmp_path)
    assert (ended.stdout, ended.returncode) == ("-m components.task homes take-back\n", 7)


def test_without_the_virtual_environment_it_says_what_to_do(tmp_path: Path) -> None:
    copy_of_components(tmp_path)
    ended = run(OUTSIDE, "-S", "-m", "components.task", "audit", folder=tmp_path)
    assert ended.returncode == 1
    assert f"run `pulumi install` in {tmp_path.resolve()}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("name", TASKS)
def test_a_task_can_be_run_and_does_without_pulumi(name: str) -> None:
    assert callable(import_module(TASKS[name]).main)
    loads = f"import sys, {TASKS[name]}; sys.exit('pulumi' in sys.modules)"
    assert run(sys.executable, "-c", loads).returncode == 0, "a task starts in half the time without pulumi"
