"""Mistakes that an operator can mend: collected, and told all at once, before anything is created."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pulumi


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One wrong setting: its key, the rule that it breaks, the value found and one that would do."""

    key: str
    rule: str
    value: Any = None
    example: Any = None

    def __str__(self) -> str:
        found = "" if self.value is None else f", got {self.value!r}"
        example = "" if self.example is None else f"; for example {self.example}"
        return f"{self.key}: {self.rule}{found}{example}"


class SettingsError(pulumi.RunError):
    """The stack's settings can't be used; the engine prints the text without a traceback."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        title = f"{count} mistake{'s' * (count > 1)} in the settings of this stack; nothing was changed:"
        super().__init__("\n".join([title, *(f"  - {mistake}" for mistake in self.mistakes)]))
