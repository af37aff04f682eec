"""How the cloud is reached: by the program, and by the tasks that it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # tasks do without Pulumi, and so start in half the time
    import pulumi


def environment(cloud: str | None, **own: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """A task's environment: `own`, and the cloud's name in clouds.yaml unless OS_* says where it is."""
    return {**own, **({"OS_CLOUD": cloud} if cloud else {})}
