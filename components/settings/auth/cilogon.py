"""Accounts of universities, by CILogon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator
from pydantic_core import PydanticCustomError
from typing_extensions import override

from components.settings.auth.kind import OAuth, Traits
from components.settings.types import Change, Form, Model, once

Domain = Annotated[
    str, AfterValidator(Form(r"([a-z0-9*]([a-z0-9-]*[a-z0-9])?\.)+[a-z]+", "be a lower-case domain"))
]
Entity = Annotated[
    str, AfterValidator(Form(r"(https?://|urn:)\S+", "be an entity ID of https://cilogon.org/idplist/"))
]


class IdentityProvider(Model):
    """One university, or another provider that CILogon knows."""

    username_claim: Annotated[str, Change.HUB] = "eppn"
    """The claim that names a user: `eppn`, `email`, `preferred_username`, …"""
    strip_domain: Annotated[Domain | None, Change.HUB] = Field(None, examples=["our-university.edu"])
    """Leave `@` and this domain out of the names."""
    domains: Annotated[list[Domain], AfterValidator(once), Change.HUB] = Field(
        [], examples=[["our-university.edu"]]
    )
    """Let in everybody whose name ends with one of these, too; `*` stands for any text."""
    everyone: Annotated[bool, Change.HUB] = False
    """Let in everybody whom the provider knows, too."""

    def told(self) -> dict[str, Any]:
        """The same as CILogonOAuthenticator has it."""
        names: dict[str, Any] = {"username_claim": self.username_claim}
        if self.strip_domain:
            names |= {"action": "strip_idp_domain", "domain": self.strip_domain}
        who = {"allow_all": self.everyone, "allowed_domains": self.domains}
        return {"username_derivation": names, **{key: value for key, value in who.items() if value}}


class CILogon(OAuth):
    """Accounts of universities and labs. Register the gateway at https://cilogon.org/oauth2/register."""

    type: Annotated[Literal["cilogon"], Change.HUB]
    """`cilogon`."""
    identity_providers: Annotated[dict[Entity, IdentityProvider], Change.HUB] = Field(
        min_length=1,
        examples=[{"https://idp.our-university.edu/shibboleth": {"usernameClaim": "eppn", "everyone": True}}],
    )
    """Who may vouch for users, by entity ID: `usernameClaim`, `stripDomain`, `domains`, `everyone`."""

    @field_validator("identity_providers")
    @classmethod
    def _apart(cls, providers: dict[str, IdentityProvider]) -> dict[str, IdentityProvider]:
        """`stripDomain` in one of them only, or two people could have one name."""
        if sum(provider.strip_domain is not None for provider in providers.values()) > 1:
            raise PydanticCustomError(
                "names", "must have stripDomain in one of them only, or two people could have one name"
            )
        return providers

    @property
    @override
    def listed_only(self) -> bool:
        return not any(one.everyone or one.domains for one in self.identity_providers.values())

    @override
    def traits(self, secrets: Mapping[str, Any], url: Any) -> Traits:
        providers = {entity: provider.told() for entity, provider in self.identity_providers.items()}
        return {**super().traits(secrets, url), "CILogonOAuthenticator": {"allowed_idps": providers}}
