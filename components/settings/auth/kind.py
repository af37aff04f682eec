"""What all kinds share, and those that take accounts of other sites by OAuth 2.0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field
from typing_extensions import override

from components.settings.types import Change, Model

Traits = dict[str, dict[str, Any]]
"""JupyterHub's configuration: values by class and trait. A value may be an output."""
CALLBACK = "/hub/oauth_callback"
"""Where other sites send users back to, below the gateway's URL."""


class Kind(Model):
    """One way to log in."""

    secrets: ClassVar[tuple[str, ...]] = ()
    """Keys of the secrets that it needs."""
    layer: ClassVar[str | None] = None
    """Name of its file in hub_values/auth/; None where JupyterHub's defaults are right."""
    callback: ClassVar[bool] = False
    """Whether another site sends users back to CALLBACK."""
    tells_groups: ClassVar[bool] = False
    """Whether the hub knows from another site which groups a user is in."""

    @property
    def listed_only(self) -> bool:
        """Whether nobody else gets in than who is in `gateway:hub.admins` or `gateway:hub.users`."""
        return True

    def traits(self, secrets: Mapping[str, Any], url: Any) -> Traits:  # noqa: ARG002
        """What the kind tells JupyterHub. url: where another site sends users back to."""
        return {}


class OAuth(Kind):
    """Accounts of another site."""

    secrets = ("oauthClientSecret",)
    layer = "oauth"
    callback = True

    client_id: Annotated[str, Change.HUB] = Field(min_length=1, examples=["Iv23liAbCdEfGhIjKlMn"])
    """The client's ID, which the site gives when the gateway is registered there. Its secret is
    `gateway:oauthClientSecret`, its callback URL the output `oauth_callback`."""

    @override
    def traits(self, secrets: Mapping[str, Any], url: Any) -> Traits:
        client = {
            "client_id": self.client_id,
            "client_secret": secrets["oauthClientSecret"],
            "oauth_callback_url": url,
        }
        return {"OAuthenticator": client}


class Open(OAuth):
    """The same for a site that can vouch for everybody who has an account there."""

    everyone: Annotated[bool, Change.HUB] = False
    """Let in everybody who has an account there, too."""

    @property
    @override
    def listed_only(self) -> bool:
        return not self.everyone

    @override
    def traits(self, secrets: Mapping[str, Any], url: Any) -> Traits:
        client = super().traits(secrets, url)["OAuthenticator"]
        return {"OAuthenticator": {**client, "allow_all": self.everyone}}
