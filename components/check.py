"""`make preflight STACK=NAME`: all checks of a preview in seconds, without the engine and without a plan.

Price and warnings go to standard error, the mistakes to standard output.
"""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import Settings as Run
from pulumi.runtime.settings import configure

from components.hub.catalogue import load_catalogue
from components.preflight import preflight
from components.settings.load import load, registry_password


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


def main(words: list[str]) -> int:
    """Check the stack that `words` names; 1 where something is wrong."""
    if len(words) != 1 or not words[0]:
        print("name the stack: make preflight STACK=NAME", file=sys.stderr)
        return 2
    try:
        last = read(words[0])
        preflight(load(), load_catalogue(), registry_password(), lambda: last)
    except subprocess.CalledProcessError as error:
        print(error.stderr.strip(), file=sys.stderr)
        return 2
    except pulumi.RunError as error:
        print(error)
        return 1
    print("no mistakes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
