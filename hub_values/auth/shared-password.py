"""The settings decide who gets in, and an admin's account needs the admin password.

The hub runs this file when it starts (the chart's hub.extraConfig).
"""

from jupyterhub import orm
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator


class GatewayAuthenticator(SharedPasswordAuthenticator):
    """The shared-password authenticator, closed to users who are only in the hub's database."""

    async def authenticate(self, handler, data):
        """Compare the name in the form that the hub stores.

        JupyterHub 5.5.0 compares it as typed, so `ADMIN1` opens admin1's account with the user password.
        JupyterHub 5.5.3 has this fix; remove the method when the chart has that version.
        """
        return await super().authenticate(
            handler, data | {"username": self.normalize_username(data["username"])}
        )

    def add_user(self, user):
        """Block a user who is not in the settings: the hub takes her roles and stops her servers.

        When the hub starts, it calls this for each user in its database; later, for each new user.
        """
        super().add_user(user)
        if user.name in self.allowed_users:
            return
        if not isinstance(user, orm.User):  # an admin adds her on the hub's admin page
            raise ValueError(f"{user.name} is not in gateway:hub.users of the gateway's settings")
        self.blocked_users.add(user.name)

    async def refresh_user(self, user, handler=None):  # noqa: ARG002
        """End sessions and tokens of a user who is not in the settings."""
        return user.name in self.allowed_users


c.JupyterHub.authenticator_class = GatewayAuthenticator  # noqa: F821
