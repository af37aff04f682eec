"""How long `pulumi up` takes against its critical path, and against the same steps in the paper's order.

Makes a new gateway in the running sandbox, times each of its steps by the engine's events as they arrive, and
destroys it again. `python -m tests.bench.up`, in the sandbox's environment (`make bench-up`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pulumi import automation
from rich.console import Console
from rich.table import Table

from tests.stack import Gateway

NAME = "bench"
IMAGE = "$docker:index/image:Image::"


@dataclass
class Steps:
    """Begin and end of each resource's step, in seconds of one clock, by URN."""

    begin: dict[str, float] = field(default_factory=dict)
    end: dict[str, float] = field(default_factory=dict)
    last: float = 0
    """When the engine said its last word; what the Automation API asks it afterwards is none of `up`."""

    def __call__(self, event: Any) -> None:
        """Take an event of the engine."""
        if event.resource_pre_event:
            self.begin.setdefault(event.resource_pre_event.metadata.urn, time.monotonic())
        elif event.res_outputs_event:
            self.end[event.res_outputs_event.metadata.urn] = time.monotonic()
        elif event.cancel_event:
            self.last = time.monotonic()

    def seconds(self) -> dict[str, float]:
        """How long each step took."""
        return {urn: self.end[urn] - begin for urn, begin in self.begin.items() if urn in self.end}

    def span(self, urns: Iterable[str]) -> float:
        """Seconds from the first begin to the last end of these steps."""
        known = [urn for urn in urns if urn in self.end]
        return max(map(self.end.__getitem__, known)) - min(map(self.begin.__getitem__, known)) if known else 0


def critical_path(seconds: Mapping[str, float], waits_for: Mapping[str, list[str]]) -> list[str]:
    """The URNs of the chain of steps that takes longest, each waiting for the one before it."""

    @cache
    def longest(urn: str) -> tuple[float, tuple[str, ...]]:
        before = max((longest(other) for other in waits_for.get(urn, [])), default=(0.0, ()))
        return before[0] + seconds.get(urn, 0.0), (*before[1], urn)

    return list(max(longest(urn) for urn in waits_for)[1])


def dependencies(state: Mapping[str, Any]) -> dict[str, list[str]]:
    """What each resource of an exported stack waits for: its dependencies, its provider and its parent.

    The parent, since a component is registered when what it depends on is there, and its children after it.
    """
    return {
        resource["urn"]: [
            *resource.get("dependencies", []),
            *([resource["provider"].rpartition("::")[0]] if resource.get("provider") else []),
            *([resource["parent"]] if resource.get("parent") else []),
        ]
        for resource in state["resources"]
    }


def own_time(state: Mapping[str, Any]) -> set[str]:
    """The resources whose steps take time of their own; a component's lasts as long as its children's."""
    return {resource["urn"] for resource in state["resources"] if resource.get("custom")}


def measure(folder: Path) -> tuple[float, Steps, Mapping[str, Any]]:
    """Seconds of one `up` of a new gateway from `folder`, its steps, and the stack's state after it."""
    gateway = Gateway.laid_out(NAME, folder, {})
    # Placeholders would wait for the users' nodes.
    gateway.change(lambda config: config.update({"gateway:seats": 0}))
    stack = automation.create_or_select_stack(NAME, work_dir=str(folder))
    steps = Steps()
    try:
        begin = time.monotonic()
        stack.up(on_event=steps)
        return steps.last - begin, steps, stack.export_stack().deployment or {}
    finally:
        stack.destroy()
        stack.workspace.remove_stack(NAME)


def main() -> None:
    """Measure and print."""
    console = Console()
    with TemporaryDirectory() as folder, console.status("`up` of a new gateway, then `destroy`"):
        wall, steps, state = measure(Path(folder))
    own = own_time(state)
    seconds = {urn: spent for urn, spent in steps.seconds().items() if urn in own}
    path = critical_path(seconds, dependencies(state))
    length = sum(seconds.get(urn, 0) for urn in path)
    images = [urn for urn in seconds if IMAGE in urn]
    # By hand each step begins when the one before it is done. Images wait for each other inside their steps.
    by_hand = sum(spent for urn, spent in seconds.items() if urn not in images) + steps.span(images)

    chain = Table("step of the critical path", "seconds")
    for urn in path:
        if seconds.get(urn, 0) >= 0.1:  # the rest is noise
            chain.add_row(urn.rpartition("::")[2], f"{seconds[urn]:.1f}")
    console.print(chain)
    table = Table("", "seconds", "ratio to the critical path")
    for name, value in [
        ("critical path", length),
        ("up", wall),
        ("the paper's order, step by step", by_hand),
        ("images, built once before", steps.span(images)),
        ("of these on the critical path", sum(seconds.get(urn, 0) for urn in images if urn in path)),
    ]:
        table.add_row(name, f"{value:.1f}", f"{value / length:.2f}")
    console.print(table)


if __name__ == "__main__":
    main()
