"""What the models in components/settings say of each key, for the page and for the schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, MaxLen, MinLen
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from components.settings.types import Change, Form


@dataclass(frozen=True)
class Setting:
    """One key that holds a value, as the page shows it."""

    key: str
    """Without its namespace."""
    field: FieldInfo
    rules: tuple[str, ...]

    @property
    def change(self) -> Change:
        """What a change of it does. Raises ValueError where the model does not say."""
        found = [mark for mark in metadata(self.field) if isinstance(mark, Change)]
        if len(found) != 1:
            raise ValueError(f"{self.key}: its annotation must name one Change")
        return found[0]


def inner_types(annotation: Any) -> list[Any]:
    """An annotation and all types inside it."""
    parts = [annotation]
    if get_origin(annotation) is not Literal:
        parts += [deep for part in get_args(annotation) for deep in inner_types(part)]
    return parts


def metadata(field: FieldInfo) -> list[Any]:
    """All marks and constraints of a field, those inside its type included."""
    return [*field.metadata, *(part for part in inner_types(field.annotation) if not isinstance(part, type))]


def models_in(field: FieldInfo) -> list[type[BaseModel]]:
    """The models that the field holds, alone, in a list or in a map; several where its `type` chooses one."""
    kinds = [part for part in inner_types(field.annotation) if isinstance(part, type)]
    return [kind for kind in kinds if issubclass(kind, BaseModel)]


def words(mark: Any) -> str | None:
    """A constraint in words; None for what is none."""
    text: str | None = None
    match mark:
        case Ge(ge=bound):
            text = f"at least {bound}"
        case Gt(gt=bound):
            text = f"more than {bound}"
        case MinLen(min_length=length):
            text = f"at least {length}"
        case MaxLen(max_length=length):
            text = f"at most {length} characters"
        case AfterValidator(func=Form() as form):
            text = form.words.removeprefix("be ")
        case AfterValidator(func=func):
            text = first_line(func.__doc__)
        case _ if get_origin(mark) is Literal:
            text = "one of " + ", ".join(f"`{value}`" for value in get_args(mark))
    return text


def first_line(text: str | None) -> str:
    """The first sentence of a validator's docstring, to stand within a list of rules."""
    line = (text or "").strip().splitlines()[0].rstrip(".")
    return line if line.startswith("`") else line[0].lower() + line[1:]


def rules(model: type[BaseModel], name: str, field: FieldInfo) -> Iterator[str]:
    """What the field's value must be, from its constraints and from the validators of its model."""
    yield from filter(None, (words(mark) for mark in metadata(field)))
    for validator in model.__pydantic_decorators__.field_validators.values():
        if name in validator.info.fields:
            yield first_line(validator.func.__doc__)


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[Setting]:
    """Each key of `model` that holds a value, those of the models in it included."""
    for name, field in model.model_fields.items():
        if field.exclude:
            continue
        key = f"{prefix}{field.alias}"
        parts = models_in(field)
        if not parts:
            yield Setting(key, field, tuple(rules(model, name, field)))
        for part in parts:
            yield from settings(part, f"{key}{mark(field)}.")


def mark(field: FieldInfo) -> str:
    """What stands after the key of a field for each entry of its list, or of its map."""
    return "[]" * holds(field, list) + ".NAME" * holds(field, dict)


def holds(field: FieldInfo, kind: type) -> bool:
    """Whether the field holds a list, or a map."""
    return any(get_origin(part) is kind for part in inner_types(field.annotation))


def type_of(annotation: Any) -> str:
    """The type in words."""
    arguments = [part for part in get_args(annotation) if part is not type(None)]
    match get_origin(annotation):
        case origin if origin is Literal:
            return type_of(type(arguments[0]))
        case origin if origin is list:
            return f"list of {type_of(arguments[0])}"
        case origin if origin is dict:
            return f"map of {type_of(arguments[0])} to {type_of(arguments[1])}"
        case None:
            return {bool: "true or false", int: "whole number", float: "number", str: "text"}[annotation]
    return type_of(arguments[0])  # of Annotated and of `… | None`
