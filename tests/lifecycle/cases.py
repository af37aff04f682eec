"""The cases of the life cycle with their outcome: a table at the end of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest
from rich.console import Console
from rich.table import Table

PARTS = {
    "tests/lifecycle/test_changes.py": "changes",
    "tests/lifecycle/test_node_groups.py": "changes",
    "tests/lifecycle/test_ingress.py": "changes",
    "tests/lifecycle/test_owner.py": "changes",
    "tests/lifecycle/test_credential.py": "faults",
    "tests/lifecycle/test_drift.py": "drift",
    "tests/lifecycle/test_faults.py": "faults",
    "tests/lifecycle/test_interruptions.py": "faults",
    "tests/lifecycle/test_killed.py": "engine killed",
    "tests/lifecycle/test_teardown.py": "teardown",
    "tests/lifecycle/test_homes.py": "teardown",
    "tests/lifecycle/test_backup.py": "teardown",
    "tests/lifecycle/test_files.py": "teardown",
    "tests/lifecycle/test_state.py": "state",
    "tests/lifecycle/test_cloud_config.py": "state",
}
"""What each file of tests is about; the others are none of the life cycle."""


@dataclass
class Case:
    """One test."""

    part: str
    text: str
    outcome: str = "passed"
    seconds: float = 0

    def add(self, report: pytest.TestReport) -> None:
        """Take in how one of its phases went."""
        self.seconds += report.duration
        if report.outcome != "passed":
            self.outcome = report.outcome if report.when == "call" else f"{report.outcome} ({report.when})"


def cases(reports: Iterable[pytest.TestReport]) -> Iterator[Case]:
    """The cases that were run, in the order of PARTS."""
    found: dict[str, Case] = {}
    for report in reports:
        path, _, test = report.nodeid.partition("::")
        part = PARTS.get(path)
        if part:
            text = test.removeprefix("test_").replace("_", " ").replace("[", ": ").rstrip("]")
            found.setdefault(report.nodeid, Case(part, text)).add(report)
    order = list(dict.fromkeys(PARTS.values()))
    yield from sorted(found.values(), key=lambda case: (order.index(case.part), case.text))


def show(terminal: pytest.TerminalReporter) -> None:
    """Print the table, if there is anything to be in it."""
    reports = [
        report
        for of_one_outcome in terminal.stats.values()
        for report in of_one_outcome
        if isinstance(report, pytest.TestReport)
    ]
    table = Table("part", "case", "outcome", "seconds", title="Cases of the life cycle")
    for case in cases(reports):
        color = "green" if case.outcome == "passed" else "red"
        table.add_row(case.part, case.text, f"[{color}]{case.outcome}[/]", f"{case.seconds:.0f}")
    if table.row_count:
        console = Console(width=terminal._tw.fullwidth)
        with console.capture() as shown:
            console.print(table)
        terminal.write_line("")
        terminal.write(shown.get())
