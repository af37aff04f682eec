"""The command line of every step that no provider has: `python3 -m components.task NAME [WORD …]`.

States remember this line, and `pulumi destroy` runs what the state remembers. So this module's name and the
names in TASKS never change (docs/adr/0005-task-command-line.md).

A task takes plain settings from its environment and secrets from standard input; the cloud's credentials
come in the environment, as usual (components/cloud/connection.py). It prints its result to standard output
and, if it fails, the reason to standard error.

Only the standard library is imported here, because the line starts with whatever `python3` is on the PATH.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

TASKS = {
    "audit": "components.teardown.report",
    "certificate": "components.certificates.wait_ready",
    "heal": "components.charts.heal",
    "homes": "components.homes.volumes",
    "kubeconfig": "components.cluster.kubeconfig",
    "port": "components.edge.port",
    "snapshots": "components.backup.drop",
    "token": "components.hub.metrics_token",
    "volumes": "components.cluster.volumes",
}
"""The module whose `main(words)` runs each task and gives the exit code."""

PYTHON = Path(__file__).resolve().parent.parent / ".venv" / "bin" / "python"
"""The virtual environment that Pulumi.yaml names."""


def task(name: str, *words: str) -> str:
    """The command that runs the task `name` with the arguments `words`."""
    if name not in TASKS:
        raise KeyError(name)
    return " ".join(["python3 -m components.task", name, *words])


def main(argv: list[str]) -> int:
    """Run the task that `argv` names, in the virtual environment; the exit code."""
    if len(argv) < 2 or argv[1] not in TASKS:  # noqa: PLR2004
        print(f"usage: python3 -m components.task {{{','.join(TASKS)}}}", file=sys.stderr)
        return 2
    if not PYTHON.exists():
        print(
            f"{PYTHON} does not exist; run `pulumi install` in {PYTHON.parents[2]}, then repeat",
            file=sys.stderr,
        )
        return 1
    if Path(sys.prefix).resolve() != PYTHON.parents[1].resolve():
        os.execv(PYTHON, [str(PYTHON), "-m", "components.task", *argv[1:]])  # noqa: S606
    return int(import_module(TASKS[argv[1]]).main(argv[2:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv))
