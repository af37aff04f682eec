"""The settings decide who gets in, whoever vouches for her.

The hub runs this file when it starts (the chart's hub.extraConfig), after the one of the kind.
"""

from importlib.metadata import entry_points

from jupyterhub import orm
from traitlets import Bool

kind = c.JupyterHub.authenticator_class  # noqa: F821
if isinstance(kind, str):
    [entry] = entry_points(group="jupyterhub.authenticators", name=kind)
    kind = entry.load()


class GatewayAuthenticator(kind):
    """JupyterHub's authenticator, closed to users who are only in the hub's database."""

    listed_only = Bool(config=True, help="Whether nobody gets in who is not in the settings.")

    def add_user(self, user):
        """Block a user who is not in the settings: the hub takes her roles and stops her servers.

        When the hub starts, it calls this for each user in its database; later, for each new user.
        """
        super().add_user(user)
        if not self.listed_only or user.name in self.allowed_users:
            return
        if not isinstance(user, orm.User):  # an admin adds her on the hub's admin page
            raise ValueError(f"{user.name} is not in gateway:hub.users of the gateway's settings")
        self.blocked_users.add(user.name)

    async def refresh_user(self, user, handler=None, **words):
        """End sessions and tokens of a user whom the settings, or who vouched for her, no longer let in."""
        if user.name in self.allowed_users:
            return True
        if self.listed_only:
            return False
        try:
            answer = await super().refresh_user(user, handler, **words)
        except Exception:
            # Who is at work stays at work while the other site does not answer.
            self.log.exception("%s can't be looked up again", user.name)
            return True
        if not isinstance(answer, dict):
            return answer
        return answer if await self.check_allowed(user.name, answer) else False


c.JupyterHub.authenticator_class = GatewayAuthenticator  # noqa: F821
