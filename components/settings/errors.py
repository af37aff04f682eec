"""Mistakes that an operator can correct: collected, and reported all at once, before anything is created."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, get_args

import pulumi
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from components.settings.types import chosen_by

RULES = {
    "missing": "is missing",
    "literal_error": "must be {expected}",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "too_short": "must hold at least {min_length}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must be at most {max_length} characters",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "string_type": "must be text; put it in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a map of keys to values",
    "model_type": "must be a map of keys to values",
}
"""What pydantic's types of error mean to an operator. A type that is not here keeps pydantic's words."""


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


def from_pydantic(
    error: ValidationError, model: type[BaseModel], *, prefix: str, others: Sequence[str] = ()
) -> list[Mistake]:
    """The mistakes that pydantic found in data for `model`, in an operator's words.

    prefix: what all keys begin with. others: keys that may stand beside those of `model`.
    """
    return [_mistake(details, model, prefix, others) for details in error.errors(include_url=False)]


def example_of(field: FieldInfo) -> Any:
    """A value that would do: the field's first example, else its default; None where it has neither."""
    default = field.default if isinstance(field.default, str | int | float) else None
    return field.examples[0] if field.examples else default


def _mistake(details: ErrorDetails, model: type[BaseModel], prefix: str, others: Sequence[str]) -> Mistake:
    # "[key]" is pydantic's mark for a wrong key of a map.
    location, parent, example = _walk([part for part in details["loc"] if part != "[key]"], model)
    key = _path(prefix, location)
    kind = details["type"]
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        # pydantic names the object, and not the key that chooses its model.
        chosen = details["input"].get("type")
        types = ", ".join(_kinds(_fields(parent)[str(location[-1])]))
        return Mistake(key=f"{key}.type", rule=f"must be one of {types}", value=chosen)
    if kind == "extra_forbidden":
        known = [*_fields(parent), *(others if parent is model else ())]
        near = get_close_matches(str(location[-1]), known, 1)
        hint = f"did you mean `{_path(prefix, [*location[:-1], *near])}`?" if near else _known(known)
        return Mistake(key=key, rule=f"is not a known setting; {hint}")
    message = details["msg"]
    return Mistake(
        key=key,
        rule=RULES[kind].format(**details.get("ctx", {}))
        if kind in RULES
        else message[0].lower() + message[1:],
        value=None if kind == "missing" or not location else details["input"],
        example=example,
    )


def _path(prefix: str, location: Sequence[int | str]) -> str:
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return f"{prefix}{where.removeprefix('.')}" if where else prefix.rstrip(": ")


def _known(names: Sequence[str]) -> str:
    return f"known here: {', '.join(names)}"


def _fields(model: Any) -> dict[str, FieldInfo]:
    """The fields of `model` by their keys in a file; none where it is no model."""
    return {field.alias or name: field for name, field in getattr(model, "model_fields", {}).items()}


def _kinds(field: FieldInfo) -> dict[str, Any]:
    """The models of a field whose `type` chooses one, by type; none where there is no choice."""
    models = get_args(field.annotation) if field.discriminator else ()
    return {chosen_by(model): model for model in models}


def _walk(location: Sequence[int | str], model: Any) -> tuple[list[int | str], Any, Any]:
    """`location` as it is in the file, the model that holds its last key, and a value that would do there."""
    parent, example = model, None
    path: list[int | str] = []
    kinds: dict[str, Any] = {}
    for part in location:
        if part in kinds:  # pydantic's mark for the model that `type` chose
            model, kinds = kinds[str(part)], {}
            continue
        path.append(part)
        if isinstance(part, int):
            continue
        parent, field = model, _fields(model).get(part)
        if field is not None:
            example, kinds = example_of(field), _kinds(field)
            inner = [field.annotation, *get_args(field.annotation)]
            model = next((kind for kind in inner if hasattr(kind, "model_fields")), None)
        else:
            example = None  # an unknown key, or a name that the file's author chose
    return path, parent, example
