"""Put back what someone changed by hand in a Helm release.

Argument: the release, which has its namespace's name. Standard input: the kubeconfig. Prints the time when
something was put back, else what it printed before, so that what depends on the objects looks at them again
only after a repair. Exit 1: the cluster refused, or did not answer.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime

from components.charts.drift import FAILURES, Release
from components.cluster.access import client_of


def main(words: list[str]) -> int:
    """Run the task; the exit code."""
    (name,) = words
    try:
        changes = Release(client_of(sys.stdin.read()), name).put_back()
    except FAILURES as error:
        print(f"release {name} could not be repaired: {error}", file=sys.stderr)
        return 1
    for change in changes:
        print(f"put back: {change}", file=sys.stderr)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    print(now if changes else os.environ.get("PULUMI_COMMAND_STDOUT", ""), end="")
    return 0
