"""Mistakes that an operator can mend: collected, and told all at once, before anything is created."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pulumi
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails


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


def from_pydantic(error: ValidationError, model: type[BaseModel], *, prefix: str) -> list[Mistake]:
    """What pydantic found wrong with data for `model`, in an operator's words; keys begin with `prefix`.

    A field's first example is what the text offers.
    """
    return [_mistake(details, model, prefix) for details in error.errors(include_url=False)]


def _mistake(details: ErrorDetails, model: type[BaseModel], prefix: str) -> Mistake:
    location = [
        part for part in details["loc"] if part != "[key]"
    ]  # pydantic's mark for a wrong key of a map
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(
        "."
    )
    rules = {"missing": "is missing", "extra_forbidden": "is no key that is known here"}
    message = details["msg"]
    return Mistake(
        key=f"{prefix}{where}" if where else prefix.rstrip(": "),
        rule=rules.get(details["type"]) or message[0].lower() + message[1:],
        value=None if details["type"] == "missing" or not where else details["input"],
        example=_example(location, model),
    )


def _example(location: Iterable[int | str], model: Any) -> Any:
    """A value that would do at `location`, from the field's own definition; None where there is none."""
    example: Any = None
    for part in location:
        fields = getattr(model, "model_fields", {}).values()
        field = next((field for field in fields if field.alias == part), None)
        if field is not None:
            example = (field.examples or [None])[0]
            inner = [field.annotation, *getattr(field.annotation, "__args__", ())]
            model = next((kind for kind in inner if hasattr(kind, "model_fields")), None)
        elif not isinstance(part, int):
            example = None  # an unknown key, or a name that the file's author chose
    return example
