"""What ours must reach in each set, and by how much that was met or missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

from tests.desktop.bench import figures as f
from tests.desktop.bench.figures import Figures, Row, median
from tests.desktop.bench.stacks import OURS, SELKIES, VNC


@dataclass(frozen=True, kw_only=True)
class Target:
    """For a row: at least so much where more is better, else at most."""

    row: Row
    wanted: float
    """In the row's unit; a factor where `of` names a stack."""
    of: str = ""
    more: float = 0
    """Added to that, in the row's unit."""

    def limit(self, runs: Sequence[Figures], set: str) -> float:
        """In the row's unit; NaN where the other stack was not measured."""
        other = median(runs, self.row, stack=self.of, set=set) if self.of else 1
        return self.wanted * other + self.more


FOR_ALL = [
    Target(row=f.CPU, wanted=3.2, of=VNC),
    Target(row=f.CPU_STILL, wanted=1, of=VNC, more=0.02),
    Target(row=f.STILL, wanted=0.99),
]
TARGETS: dict[str, list[Target]] = {
    "loopback": [
        Target(row=f.FRAMES, wanted=0.97, of=SELKIES),
        Target(row=f.IDLE, wanted=15),
        Target(row=f.BUSY, wanted=20),
    ],
    "20 Mbit/s, 40 ms": [
        Target(row=f.FRAMES, wanted=0.97, of=SELKIES),
        Target(row=f.IDLE, wanted=52),
        Target(row=f.BUSY, wanted=60),
        Target(row=f.MOVING, wanted=0.78),
        Target(row=f.SHARP, wanted=650),
        Target(row=f.BYTES, wanted=1.1),
    ],
    "6 Mbit/s, 40 ms": [Target(row=f.FRAMES, wanted=40), Target(row=f.BUSY, wanted=70)],
}
"""By title of the set, besides those for all of them."""


def targets(runs: Sequence[Figures]) -> str:
    """Markdown: each target, what ours reached, and by how much that meets or misses it."""
    lines = ["| where | what | target | measured | |", "|---|---|---:|---:|---|"]
    for set in dict.fromkeys(run.set for run in runs):
        for target in [*TARGETS.get(set, []), *FOR_ALL]:
            limit, reached = target.limit(runs, set), median(runs, target.row, stack=OURS, set=set)
            if not (isnan(limit) or isnan(reached)):
                lines.append(_line(set, target, limit, reached))
    return "\n".join(lines) + "\n"


def _line(set: str, target: Target, limit: float, reached: float) -> str:
    row = target.row
    # As they are shown: what reads the same is the same.
    limit, reached = float(format(limit, row.form)), float(format(reached, row.form))
    met = reached >= limit if row.more_is_better else reached <= limit
    by = f" by {abs(reached - limit) / limit:.0%}" if limit and reached != limit else ""
    added = f" + {target.more:g}" if target.more else ""
    source = f" ({target.wanted:g} of {target.of}{added})" if target.of else ""
    wanted = f"{'≥' if row.more_is_better else '≤'} {limit:{row.form}}{source}"
    outcome = f"met{by}" if met else f"**missed{by}**"
    return f"| {set} | {row.title} | {wanted} | {reached:{row.form}} | {outcome} |"
