"""Names that Magnum's Cluster API driver uses as they are (magnum-capi-helm 1.4, driver_utils.py).

The driver rewrites any other name, and then the selectors and the audit would look for one that is not there.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

LONGEST_OBJECT = 63
"""The driver's chart cuts names here, but the driver looks for the whole name and waits for ever."""
RANDOM = 13
"""What the driver adds to a cluster's name: '-' and 12 characters."""
LONGEST = 30
"""The driver cuts a cluster's name here."""


def spelled_by_magnum(name: str) -> str:
    """`name` as the driver's `sanitized_name` spells it."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def room_for_group(cluster: str) -> int:
    """How long the name of a node group of `cluster` can be: its objects are `<cluster>-<random>-<group>`."""
    return LONGEST_OBJECT - len(f"{cluster}-") - RANDOM


def magnum_name(value: str) -> str:
    """3 characters or more of a-z, 0-9 and single '-', the first a letter, the last no '-'."""
    spelled = spelled_by_magnum(value)
    if value != spelled:
        rule = "must be spelled as Magnum would spell it ('{spelled}')"
        raise PydanticCustomError("name", rule, {"spelled": spelled})
    if len(value) < 3 or not value[0].isalpha():  # noqa: PLR2004
        raise PydanticCustomError("name", "must begin with a letter and have 3 characters or more")
    return value


MagnumName = Annotated[str, Field(max_length=LONGEST), AfterValidator(magnum_name)]
