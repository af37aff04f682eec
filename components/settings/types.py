"""What the settings are made of: their base class, the forms of names, and what a change of one does."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError


class Change(Enum):
    """What the next `pulumi up` does when a setting of a running gateway has changed.

    Stands in a field's annotation, for docs/settings.md. tests/unit/test_settings_docs.py holds the program
    to it.
    """

    IN_PLACE = "What has the setting is updated; nothing is interrupted."
    HUB = "The hub restarts, and servers started from then on have it. Running servers go on."
    NEXT_UP = "The next `pulumi up` uses it; nothing in the cloud changes."
    REPLACED = "The node group is replaced. Servers on its nodes end."
    FOLLOWS = "Refused until the cluster has it: Magnum's own command changes the cluster first."
    REFUSED = "Refused, since only a new gateway can have it: `pulumi destroy` first."
    ANOTHER = "A second gateway is created, then this one is destroyed with its homes."


class Model(BaseModel):
    """What all settings share: unknown keys are refused and values never change.

    The text under a field describes it: in docs/settings.md, and in Pulumi.yaml.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        alias_generator=to_camel,
        validate_by_name=False,
        use_attribute_docstrings=True,
    )


@dataclass(frozen=True)
class Form:
    """A validator: the whole text must match `pattern`; `words` say so after "must"."""

    pattern: str
    words: str

    def __call__(self, value: str) -> str:
        """`value` as it is. Raises PydanticCustomError when it does not match."""
        if not re.fullmatch(self.pattern, value):
            raise PydanticCustomError("form", f"must {self.words}")
        return value


def expanded(value: str) -> str:
    """`$NAME` stands for an environment variable, which must be set."""
    text = os.path.expandvars(value)
    if "$" in text:
        raise PydanticCustomError("variable", "must name environment variables that are set")
    return text


Zone = Annotated[
    str,
    AfterValidator(
        Form(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.){2,}", "be a lower-case DNS zone that ends with '.'")
    ),
]
Email = Annotated[str, AfterValidator(Form(r"[^@\s]+@[^@\s]+\.[^@\s]+", "be an e-mail address"))]
Minutes = Annotated[int, Field(ge=1), Change.NEXT_UP]
Expanded = Annotated[str, AfterValidator(expanded)]
Reference = Annotated[
    str,
    AfterValidator(
        Form(r"[^\s@]+(:[\w.-]+|@sha256:[0-9a-f]{64})", "be an image's reference with a tag or a digest")
    ),
]
