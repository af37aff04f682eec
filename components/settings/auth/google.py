"""Accounts of Google."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from typing_extensions import override

from components.settings.auth.cilogon import Domain
from components.settings.auth.kind import Open, Traits
from components.settings.types import Change, once


class Google(Open):
    """Accounts of Google. Register the gateway at https://console.cloud.google.com/apis/credentials."""

    type: Annotated[Literal["google"], Change.HUB]
    """`google`."""
    hosted_domains: Annotated[list[Domain], AfterValidator(once), Change.HUB] = Field(
        [], examples=[["our-university.edu"]]
    )
    """Take accounts of these organizations only. With one, what is before its `@` is the user's name; else
    the whole address is."""

    @override
    def traits(self, secrets: Mapping[str, Any], url: Any) -> Traits:
        # Where no domain is named, none is stripped.
        own = {"hosted_domain": self.hosted_domains}
        return {**super().traits(secrets, url), "GoogleOAuthenticator": own}
