"""Accounts of GitHub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from typing_extensions import override

from components.settings.auth.kind import Open, Traits
from components.settings.types import Change, Form, once

NAME = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
Organization = Annotated[
    str, AfterValidator(Form(rf"{NAME}(:[a-z0-9_-]+)?", "be an organization, or organization:team-slug"))
]


class GitHub(Open):
    """Accounts of GitHub. Register the gateway as an OAuth app there."""

    type: Annotated[Literal["github"], Change.HUB]
    """`github`."""
    organizations: Annotated[list[Organization], AfterValidator(once), Change.HUB] = Field(
        [], examples=[["our-lab", "our-university:meteorology"]]
    )
    """Let in the members of these organizations or teams, too."""

    @property
    @override
    def listed_only(self) -> bool:
        return super().listed_only and not self.organizations

    @override
    def traits(self, secrets: Mapping[str, Any], url: Any) -> Traits:
        own = {
            "allowed_organizations": self.organizations,
            # Without it GitHub tells nobody's private membership.
            "scope": ["read:org"] if self.organizations else [],
        }
        return {**super().traits(secrets, url), "GitHubOAuthenticator": own}
