"""Kinds whose passwords the gateway keeps itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from typing_extensions import override

from components.settings.auth.kind import Kind, Traits
from components.settings.types import Change


class SharedPassword(Kind):
    """One password for all users and one for all admins, as in the paper.

    Anybody who has the password can log in as any other user.
    """

    secrets = ("adminPassword", "userPassword")

    type: Annotated[Literal["shared-password"], Change.HUB]
    """`shared-password`. Refused where `gateway:environment` is `production`."""

    @override
    def traits(self, secrets: Mapping[str, Any], url: Any) -> Traits:
        passwords = {"admin_password": secrets["adminPassword"], "user_password": secrets["userPassword"]}
        return {"SharedPasswordAuthenticator": passwords}


class Native(Kind):
    """Users sign up on the gateway's own page, and an admin lets each of them in (`/hub/authorize`).

    An admin signs up with `gateway:adminPassword`, so that nobody else can take the name.
    """

    secrets = ("adminPassword",)
    layer = "native"

    type: Annotated[Literal["native"], Change.HUB]
    """`native`. `gateway:hub.users` is then empty: whoever signed up first would have the name."""

    @property
    @override
    def listed_only(self) -> bool:
        return False

    @override
    def traits(self, secrets: Mapping[str, Any], url: Any) -> Traits:
        return {"GatewayNativeAuthenticator": {"admin_password": secrets["adminPassword"]}}
