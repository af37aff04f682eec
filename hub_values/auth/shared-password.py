"""The name that is compared is the one that the hub stores."""

from jupyterhub.authenticators.shared import SharedPasswordAuthenticator


class NormalizedAuthenticator(SharedPasswordAuthenticator):
    """The shared-password authenticator, to which `ADMIN1` is admin1."""

    async def authenticate(self, handler, data):
        """Compare the name in the form that the hub stores.

        JupyterHub 5.5.0 compares it as typed, so `ADMIN1` opens admin1's account with the user password.
        JupyterHub 5.5.3 has this fix; remove this file when the chart has that version.
        """
        return await super().authenticate(
            handler, data | {"username": self.normalize_username(data["username"])}
        )


c.JupyterHub.authenticator_class = NormalizedAuthenticator  # noqa: F821
