"""Steps that no provider has, run by pulumi-command as `python -m components.tasks.NAME`.

Each takes plain settings from its environment and secrets from standard input, prints its result to standard
output, and on failure one reason that an operator can act on to standard error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the tasks themselves do without, and so start in half the time
    import pulumi


def task(name: str, *words: str) -> str:
    """The command that runs the task `name` in the virtual environment that Pulumi.yaml names."""
    return " ".join([".venv/bin/python -m", f"{__name__}.{name}", *words])


def environment(cloud: str | None, **own: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """A task's environment: `own`, and the cloud's name in clouds.yaml unless OS_* says where it is."""
    return {**own, **({"OS_CLOUD": cloud} if cloud else {})}
