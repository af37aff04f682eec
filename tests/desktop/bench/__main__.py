"""Measures the stacks of each set in turn, and writes the tables and the plot.

`python -m tests.desktop.bench`: three runs of each stack in the sets that have targets, about half an hour.
`--sets` chooses others; figures of sets that are not measured stay as they are.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import sys
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from playwright.sync_api import Error as BrowserError
from playwright.sync_api import sync_playwright

from components.hub.catalogue import load_catalogue
from sandbox import containers
from tests.desktop.bench.animation import Source
from tests.desktop.bench.figures import Figures
from tests.desktop.bench.measure import measure, started
from tests.desktop.bench.offer import offer
from tests.desktop.bench.report import plot, written
from tests.desktop.bench.sets import ANIMATION, DEFAULT, SETS, Set
from tests.desktop.bench.stacks import NAMES, Stack, stack
from tests.desktop.gateway import Gateway, gateway, started_engine

RESULTS = Path(__file__).parent / "results"
Plan = Mapping[tuple[str, str], Sequence[Set]]
"""What is measured, by stack and application: its server starts once for them."""


class Bench:
    """Runs on a gateway, and what they brought."""

    def __init__(self, running: Gateway, plan: Plan, scratch: Path) -> None:
        env = running.stack.env
        engine = containers.Engine(host=env["DOCKER_HOST"], registry=env["SANDBOX_REGISTRY"])
        images, desktops = running.stack.outputs()["images"], load_catalogue().desktops
        self._running = running
        self._plan = plan
        self._scratch = scratch
        self._source = Source(engine, images[desktops[ANIMATION].image], scratch)
        self.stacks = {
            (name, application): stack(engine, name, application, images[desktops[application].image])
            for name, application in plan
        }
        offer(running, list(self.stacks.values()))
        self.figures: list[Figures] = []
        self.failures: list[str] = []

    def run(self, number: int) -> None:
        """All of the plan, once."""
        for key, sets in self._plan.items():
            with self._failing(f"run {number} of {self.stacks[key].name}"):
                self._measure(self.stacks[key], sets, number)

    def _measure(self, stack: Stack, sets: Sequence[Set], number: int) -> None:
        with (
            sync_playwright() as playwright,
            started(playwright, self._running, stack, self._folder()) as desk,
        ):
            for set in sets:
                what = f"run {number} of {stack.name}, {set.title}"
                begin = time.monotonic()
                with self._failing(what):
                    self.figures.append(measure(desk, set, self._source, self._folder()))
                print(f"{what}: {time.monotonic() - begin:.0f} s", flush=True)

    @contextlib.contextmanager
    def _failing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (AssertionError, BrowserError, OSError, containers.ContainersError) as error:
            self.failures.append(f"{what}, failed: {str(error).splitlines()[0]}")
            print(self.failures[-1], flush=True)

    def _folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._scratch))


def planned(sets: Sequence[str], stacks: Sequence[str]) -> Plan:
    """The sets with their own stacks, or with these where any are named."""
    plan: dict[tuple[str, str], list[Set]] = {}
    for set in (SETS[name] for name in sets):
        for name in stacks or set.stacks:
            plan.setdefault((name, set.application), []).append(set)
    return plan


def known(sets: Collection[str]) -> list[Figures]:
    """What RESULTS has of other sets than these titles."""
    file = RESULTS / "runs.json"
    runs = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return [Figures(**run) for run in runs if run["set"] not in sets]


def write(runs: Sequence[Figures], failures: Sequence[str]) -> None:
    """Leaves runs, tables and plot in RESULTS; the tables say what failed."""
    RESULTS.mkdir(exist_ok=True)
    titles = [set.title for set in SETS.values()]
    ordered = sorted(runs, key=lambda run: (titles.index(run.set), NAMES.index(run.stack)))
    lines = ",\n".join(json.dumps(dataclasses.asdict(run)) for run in ordered)
    (RESULTS / "runs.json").write_text(f"[{lines}]\n", encoding="utf-8")
    failed = "".join(f"- {failure}\n" for failure in failures)
    (RESULTS / "table.md").write_text(f"{written(ordered)}\n{failed}".strip() + "\n", encoding="utf-8")
    plot(ordered, RESULTS / "plot.png")


def main(runs: int, sets: Sequence[str], stacks: Sequence[str]) -> int:
    """Measures and prints the tables; of whole sets, they are written, too. 1 where a measurement failed."""
    with contextlib.ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(3)]
        print("a gateway with real nodes: starting, some minutes", flush=True)
        running = stack.enter_context(gateway(stack.enter_context(started_engine()), *folders[:2]))
        bench = Bench(running, planned(sets, stacks), folders[2])
        for number in range(1, runs + 1):
            bench.run(number)
    print(written(bench.figures), *bench.failures, sep="\n")
    if not stacks:
        write([*known({run.set for run in bench.figures}), *bench.figures], bench.failures)
    return 1 if bench.failures else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=DEFAULT, help=f"default: {DEFAULT}")
    parser.add_argument("--stacks", nargs="+", choices=NAMES, default=[], help="default: those of each set")
    given = parser.parse_args()
    sys.exit(main(given.runs, given.sets, given.stacks))
