"""A bare `pulumi` runs Python programs as with the official language host: results, errors, exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from sandbox import layout
from sandbox.tools import engine, toolchain

PROJECT = """
name: sample
runtime:
  name: python
  options: {toolchain: pip, virtualenv: .venv}
"""
SECRET = "a-word-that-nobody-may-read"


class Project:
    """A Pulumi project with a program of a few lines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            **os.environ,
            "PATH": f"{layout.BIN}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder}",
            "PULUMI_CONFIG_PASSPHRASE": "sample",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        (folder / "home").mkdir()
        (folder / "home" / "plugins").symlink_to(engine.SHARED_HOME / "plugins")
        (folder / "Pulumi.yaml").write_text(PROJECT)
        (folder / ".venv").symlink_to(sys.prefix)
        self.pulumi("stack", "init", "sample")

    def program(self, text: str) -> None:
        (self.folder / "__main__.py").write_text(f"import os, sys, time\nimport pulumi\n{text}\n")

    def pulumi(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            ["pulumi", *words], cwd=self.folder, env=self.env, text=True, capture_output=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def up(self, code: int = 0) -> str:
        return self.pulumi("up", "--yes", "--skip-preview", code=code)

    def outputs(self) -> dict[str, object]:
        return dict(json.loads(self.pulumi("stack", "output", "--json", "--show-secrets")))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    toolchain.ensure()
    return Project(tmp_path)


def test_config_and_secrets_reach_the_program_and_no_secret_the_state(project: Project) -> None:
    project.pulumi("config", "set", "word", "plain")
    project.pulumi("config", "set", "--secret", "key", SECRET)
    project.program("c = pulumi.Config(); pulumi.export('all', [c.get('word'), c.require_secret('key')])")
    project.up()
    assert project.outputs() == {"all": ["plain", SECRET]}
    assert SECRET not in project.pulumi("stack", "export")


def test_the_program_runs_in_the_projects_environment(project: Project) -> None:
    project.program("pulumi.export('python', sys.prefix); pulumi.export('folder', os.getcwd())")
    project.up()
    assert project.outputs() == {"python": str(project.folder / ".venv"), "folder": str(project.folder)}


def test_a_preview_is_known_to_the_program_and_changes_nothing(project: Project) -> None:
    project.program("pulumi.export('dry', pulumi.runtime.is_dry_run())")
    project.up()
    project.pulumi("preview", "--diff")
    assert project.outputs() == {"dry": False}


def test_a_run_error_is_told_without_a_traceback(project: Project) -> None:
    project.program("raise pulumi.RunError('gateway:zone must end in a dot')")
    told = project.up(code=1)
    assert "error: gateway:zone must end in a dot" in told
    assert "Traceback" not in told


def test_another_exception_is_told_from_the_programs_own_line_on(project: Project) -> None:
    project.program("raise ValueError('unforeseen')")
    told = project.up(code=1)
    assert "__main__.py" in told
    assert "ValueError: unforeseen" in told
    assert "language_host.py" not in told


def test_an_exit_code_of_the_program_fails_the_update(project: Project) -> None:
    project.program("sys.exit(3)")
    assert "non-zero exit code: 3" in project.up(code=1)


def test_a_lost_environment_is_named(project: Project) -> None:
    (project.folder / ".venv").unlink()
    project.program("")
    assert ".venv is no virtual environment" in project.up(code=1)


def test_an_engine_that_is_killed_leaves_neither_program_nor_host_behind(project: Project) -> None:
    pids = project.folder / "pids"
    project.program(
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{os.getppid()}}\\n'); time.sleep(600)"
    )
    killed = subprocess.Popen(
        ["pulumi", "up", "--yes", "--skip-preview"],
        cwd=project.folder,
        env=project.env,
        stdout=subprocess.DEVNULL,
    )
    _wait_until(lambda: pids.exists() and pids.read_text().endswith("\n"))
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    left = [int(pid) for pid in pids.read_text().split()]
    _wait_until(lambda: not any(map(psutil.pid_exists, left)))


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
