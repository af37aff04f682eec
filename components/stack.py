"""The stack that a command names, as the engine knows it; for what runs without the engine."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import Settings as Run
from pulumi.runtime.settings import configure

PAGE = 100


def _pulumi(*words: str) -> str:
    """What the command prints. Raises CalledProcessError."""
    return subprocess.run(["pulumi", *words], capture_output=True, check=True, text=True).stdout


def read(stack: str) -> dict[str, str]:
    """Make `stack` the current one, with its configuration; the images that its last `pulumi up` used.

    Raises CalledProcessError where there is no such stack, or its secrets can't be decrypted.
    """
    of_stack = ("--stack", stack)
    looks = [
        ("config", "--show-secrets", "--json", *of_stack),
        ("stack", "--show-name", "--fully-qualify-stack-names", *of_stack),
        ("stack", "output", "--json", *of_stack),
    ]
    with ThreadPoolExecutor(len(looks)) as pool:
        config, name, outputs = pool.map(lambda words: _pulumi(*words), looks)
    values: dict[str, Any] = json.loads(config)
    organization, project, short = name.strip().split("/")
    configure(Run(project=project, stack=short, organization=organization))
    set_all_config(
        {key: entry["value"] for key, entry in values.items()},
        [key for key, entry in values.items() if entry["secret"]],
    )
    return dict(json.loads(outputs).get("images", {}))


@dataclass(frozen=True)
class Update:
    """A `pulumi up` that succeeded: when it began, and its configuration without secrets."""

    at: datetime
    config: dict[str, str]


def updates(stack: str, since: datetime) -> list[Update]:
    """Those since then and the last one before, oldest first. Raises CalledProcessError."""
    found: list[Update] = []
    page = 0
    while not found or found[-1].at > since:
        page += 1
        told = _pulumi(
            *("stack", "history", "--json", "--stack", stack),
            *("--page-size", str(PAGE), "--page", str(page)),
        )
        if not (entries := json.loads(told)):
            break
        found += [
            Update(datetime.fromisoformat(entry["startTime"]), _plain(entry["config"]))
            for entry in entries
            if entry["kind"] == "update" and entry["result"] == "succeeded"
        ]
    after = [update for update in found if update.at > since]
    return [*found[len(after) : len(after) + 1], *after[::-1]]


def _plain(config: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The values of a configuration as the engine tells it, but for secrets."""
    return {key: entry["value"] for key, entry in config.items() if not entry["secret"]}
