"""Accounts of Globus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from typing_extensions import override

from components.settings.auth.cilogon import Domain
from components.settings.auth.kind import Open, Traits
from components.settings.types import Change, Form, once

GroupId = Annotated[
    str, AfterValidator(Form(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "be the UUID of a Globus group"))
]


class Globus(Open):
    """Accounts of Globus. Register the gateway at https://app.globus.org/settings/developers."""

    type: Annotated[Literal["globus"], Change.HUB]
    """`globus`."""
    # Globus' names have no domain left in JupyterHub. Of two providers, two people could have one name.
    identity_provider: Annotated[Domain, Change.HUB] = Field(examples=["access-ci.org"])
    """The one domain whose accounts may log in; what is before its `@` is the user's name."""
    groups: Annotated[list[GroupId], AfterValidator(once), Change.HUB] = Field(
        [], examples=[["12345678-9abc-def0-1234-56789abcdef0"]]
    )
    """Let in the members of these Globus groups, too."""

    @property
    @override
    def listed_only(self) -> bool:
        return super().listed_only and not self.groups

    @override
    def traits(self, secrets: Mapping[str, Any], url: Any) -> Traits:
        own = {"identity_provider": self.identity_provider, "allowed_globus_groups": self.groups}
        return {**super().traits(secrets, url), "GlobusOAuthenticator": own}
