"""How users prove who they are: a model for each kind of `gateway:auth`, with the secrets that it needs.

A new kind is a model here, whose `type` is JupyterHub's name for it. Values that all of its gateways have are
a layer of hub_values/auth/; what JupyterHub's class for it lacks is there too, in <type>.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import Field

from components.settings.auth.cilogon import CILogon
from components.settings.auth.github import GitHub
from components.settings.auth.globus import Globus
from components.settings.auth.google import Google
from components.settings.auth.kind import Kind
from components.settings.auth.oidc import OIDC
from components.settings.auth.passwords import Native, SharedPassword
from components.settings.types import chosen_by

Auth = Annotated[
    GitHub | CILogon | Globus | Google | OIDC | Native | SharedPassword, Field(discriminator="type")
]
KINDS: dict[str, type[Kind]] = {chosen_by(kind): kind for kind in get_args(get_args(Auth)[0])}
"""The model of each type."""


def secrets_of(auth: Any) -> tuple[str, ...]:
    """Keys of the secrets that a kind needs, as the stack's file has it; none where it is not one."""
    kind = KINDS.get(str(auth.get("type"))) if isinstance(auth, Mapping) else None
    return kind.secrets if kind else ()
