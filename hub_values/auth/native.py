"""Nobody signs up under an admin's name."""

import hmac
from pathlib import Path

import nativeauthenticator
from nativeauthenticator import NativeAuthenticator
from traitlets import Unicode


class GatewayNativeAuthenticator(NativeAuthenticator):
    """The native authenticator, which lets in an admin at once: so her name is not for the first to come."""

    admin_password = Unicode(config=True, help="With which an admin signs up.")

    def create_user(self, username, password, **more):
        """Sign up, an admin with the admins' password only."""
        name = self.normalize_username(username)
        if name in self.admin_users and not hmac.compare_digest(
            password.encode(), self.admin_password.encode()
        ):
            self.log.warning("somebody tried to sign up as %s with another password", name)
            return None
        return super().create_user(username, password, **more)

    async def refresh_user(self, user, handler=None, **words):
        """End the session of a user whom an admin no longer lets in."""
        known = self.get_user(user.name)
        return bool(known and known.is_authorized) and await super().refresh_user(user, handler, **words)


c.JupyterHub.authenticator_class = GatewayNativeAuthenticator  # noqa: F821
c.JupyterHub.template_paths = [str(Path(nativeauthenticator.__file__).parent / "templates")]  # noqa: F821
