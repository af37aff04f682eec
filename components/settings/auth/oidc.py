"""Accounts of any site that speaks OpenID Connect: Keycloak, ORCID, a university's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from typing_extensions import override

from components.settings.auth.kind import Open, Traits
from components.settings.types import Change, Form, once

Issuer = Annotated[
    str, AfterValidator(Form(r"https://[^\s/?#]+(/[^\s?#]*[^\s?#/])?", "be an https URL without a final '/'"))
]


class OIDC(Open):
    """Accounts of any OpenID Connect issuer, which tells the hub its addresses itself."""

    tells_groups = True

    type: Annotated[Literal["oidc"], Change.HUB]
    """`oidc`."""
    issuer: Annotated[Issuer, Change.HUB] = Field(examples=["https://orcid.org"])
    """The issuer; its discovery document is at `/.well-known/openid-configuration` below it."""
    name: Annotated[str, Change.HUB] = Field("your account", examples=["ORCID"])
    """What the login page calls it."""
    username_claim: Annotated[str, Change.HUB] = "preferred_username"
    """The claim that names a user. It must be one that users can't choose, and that nobody else gets later;
    for ORCID it is `sub`."""
    scopes: Annotated[list[str], AfterValidator(once), Change.HUB] = Field(
        ["openid", "profile", "email"], examples=[["openid"]]
    )
    """What is asked for; `openid` must be in it."""
    groups: Annotated[list[str], AfterValidator(once), Change.HUB] = Field([], examples=[["meteorology"]])
    """Let in the members of these groups, too."""
    groups_claim: Annotated[str, Change.HUB] = "groups"
    """The claim that lists a user's groups."""

    @property
    @override
    def listed_only(self) -> bool:
        return super().listed_only and not self.groups

    @override
    def traits(self, secrets: Mapping[str, Any], url: Any) -> Traits:
        own = {
            "issuer": self.issuer,
            "login_service": self.name,
            "username_claim": self.username_claim,
            "scope": self.scopes,
            "manage_groups": True,
            "allowed_groups": self.groups,
            # The claims are kept below this key (GenericOAuthenticator.user_auth_state_key).
            "auth_state_groups_key": f"oauth_user.{self.groups_claim}",
        }
        return {**super().traits(secrets, url), "GatewayOIDCAuthenticator": own}
