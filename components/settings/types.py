"""What the settings are made of: their base class, the forms of names, and what a change of one does."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, TypeVar, get_args
from urllib.parse import unquote
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

T = TypeVar("T")


class Change(Enum):
    """What the next `pulumi up` does when a setting of a running gateway has changed.

    Stands in a field's annotation, for docs/settings.md. tests/unit/test_settings_docs.py holds the program
    to it.
    """

    IN_PLACE = "What has the setting is updated; nothing is interrupted."
    HUB = "The hub restarts, and servers started from then on have it. Running servers go on."
    NEXT_UP = "The next `pulumi up` uses it; nothing in the cloud changes."
    REPLACED = "The node group is replaced. Servers on its nodes end."
    INGRESS = (
        "The ingress is replaced, and the page is away meanwhile. The address stays; running servers go on."
    )
    MONITORING = "Prometheus and Grafana come or go, and the hub restarts. Running servers go on."
    WORKSHOP = "It is another workshop: the former one is cancelled."
    FOLLOWS = "Refused until the cluster has it: Magnum's own command changes the cluster first."
    REFUSED = "Refused, since only a new gateway can have it: `pulumi destroy` first."
    SAME_CLOUD = "The next `pulumi up` uses it. It must lead to the same project of the same cloud."
    ANOTHER = "Refused: a second gateway is another stack, or `pulumi destroy` this one first."


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


def chosen_by(model: type[BaseModel]) -> str:
    """The value of the key `type` that chooses this model among others."""
    return str(get_args(model.model_fields["type"].annotation)[0])


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


def user_name(value: str) -> str:
    """As JupyterHub keeps it: lower-case, without `/`, and no space before or after."""
    # JupyterHub's Authenticator: normalize_username and validate_username. The hub does not start with a name
    # that they refuse. Dots alone, refused by JupyterHub 5.5.4, make a URL that leads elsewhere. Nobody can
    # type what Unicode's usual form (NFKC) writes in another way.
    usual = unicodedata.normalize("NFKC", value).lower().strip()
    if value != usual or "/" in value or not unquote(value).strip(".") or not value.isprintable():
        text = "must be a name as JupyterHub keeps it: lower-case, without '/', and no space before or after"
        raise PydanticCustomError("user", text)
    return value


def once(values: list[T]) -> list[T]:
    """Each entry once."""
    if twice := [value for value, times in Counter(values).items() if times > 1]:
        text = "must name each entry once ({twice} is there twice)"
        raise PydanticCustomError("once", text, {"twice": twice[0]})
    return values


def registry(value: str) -> str:
    """A registry's host, and a path in lower case."""
    host = r"(([a-z0-9-]+\.)+[a-z0-9-]+(:\d+)?|[a-z0-9-]+:\d+|localhost)"
    path = r"[a-z0-9]+([._-]+[a-z0-9]+)*"
    if re.fullmatch(rf"{path}(/{path})*", value) and not re.match(rf"{host}(/|$)", value):
        # Docker's rule: what has neither a dot nor a port is no host.
        text = "must begin with a registry's host ({value} means docker.io/{value})"
        raise PydanticCustomError("registry", text, {"value": value})
    if not re.fullmatch(rf"{host}(/{path})*", value):
        text = "must be a registry's host and a path in lower case, without scheme, tag or final '/'"
        raise PydanticCustomError("registry", text)
    return value


def time_zone(value: str) -> str:
    """A time zone's name."""
    if value not in available_timezones():
        raise PydanticCustomError("zone", "must be a time zone's name (IANA), as Europe/Vienna or UTC")
    return value


CRON = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
"""The least and the greatest number in each field of a CronJob's schedule."""


def cron(value: str) -> str:
    """When a CronJob starts: minute, hour, day of the month, month and day of the week."""

    def known(field: str, least: int, greatest: int) -> bool:
        for part in field.split(","):
            found = re.fullmatch(r"(\*|(\d+)(?:-(\d+))?)(?:/[1-9]\d*)?", part)
            first, last = (int(found[2] or least), int(found[3] or found[2] or greatest)) if found else (1, 0)
            if not least <= first <= last <= greatest:
                return False
        return True

    fields = value.split()
    if len(fields) != len(CRON) or not all(
        known(field, *bounds) for field, bounds in zip(fields, CRON, strict=True)
    ):
        text = "must be five numbers, as cron has them (minute, hour, day, month, weekday), or '*' for each"
        raise PydanticCustomError("cron", text)
    return value


# Names that Magnum's Cluster API driver uses as they are (magnum-capi-helm 1.4, driver_utils.py). It rewrites
# any other name, and then the selectors and the audit would look for one that is not there.
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
Zone = Annotated[
    str,
    AfterValidator(
        Form(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.){2,}", "be a lower-case DNS zone that ends with '.'")
    ),
]
RESERVED = r"(example(\.(com|net|org))?|test|invalid|localhost|local|internal|onion|arpa)"
"""Domains that nobody can have (RFC 2606, 6761 and their successors)."""
Email = Annotated[
    str,
    # Let's Encrypt's own rule; it answers to any other with invalidContact, and the issuer is never Ready.
    AfterValidator(
        Form(
            rf"[^@\s,=]+@(?!([^@]*\.)?{RESERVED}$)([A-Za-z0-9-]+\.)+[A-Za-z0-9-]+",
            "be an e-mail address that Let's Encrypt takes, of no reserved domain",
        )
    ),
]
Minutes = Annotated[int, Field(ge=1), Change.NEXT_UP]
Expanded = Annotated[str, AfterValidator(expanded)]
Reference = Annotated[
    str,
    AfterValidator(
        Form(r"[^\s@]+(:[\w.-]+|@sha256:[0-9a-f]{64})", "be an image's reference with a tag or a digest")
    ),
]
Registry = Annotated[Expanded, AfterValidator(registry)]
UserName = Annotated[str, AfterValidator(user_name)]
Users = Annotated[list[UserName], AfterValidator(once)]
Names = Annotated[list[str], AfterValidator(once)]
TimeZone = Annotated[str, AfterValidator(time_zone)]
Cron = Annotated[str, AfterValidator(cron)]


class Timeouts(Model):
    """Minutes until a step is given up. Generous, since a first cluster took 2.5 hours on Jetstream2."""

    cluster: Minutes = 240
    """For the cluster to be complete."""
    node_group: Minutes = 60
    """For a node group to be created, updated or deleted."""
    chart: Minutes = 15
    """For a Helm chart to be installed or upgraded."""
    certificate: Minutes = 15
    """For the certificate to be issued."""
