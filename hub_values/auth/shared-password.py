"""The name that is compared is the one that the hub stores, and nobody tries one password after another."""

import math
import time

from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from tornado.web import HTTPError
from traitlets import Integer


class GatewayPasswordAuthenticator(SharedPasswordAuthenticator):
    """The shared-password authenticator, to which `ADMIN1` is admin1, with a limit on failed logins."""

    failed_logins = Integer(10, config=True, help="After how many failed logins a user has to wait.")
    wait_s = Integer(300, config=True, help="Seconds for which a failed login counts.")

    def __init__(self, **words):
        super().__init__(**words)
        self._failed = {}

    async def authenticate(self, handler, data):
        """Compare the name in the form that the hub stores, unless it failed too often.

        JupyterHub 5.5.0 compares it as typed, so `ADMIN1` opens admin1's account with the user password.
        JupyterHub 5.5.3 has this fix; remove it here when the chart has that version.
        """
        name, now = self.normalize_username(data["username"]), time.monotonic()
        recent = [then for then in self._failed.get(name, []) if now - then < self.wait_s]
        # Also with the right password: else the answer would tell that it is.
        if len(recent) >= self.failed_logins:
            wait = math.ceil(self.wait_s - (now - recent[0]))
            refusal = HTTPError(429, f"Too many failed logins. Try again in {wait} seconds.")
            refusal.headers = {"Retry-After": str(wait)}
            raise refusal
        answer = await super().authenticate(handler, data | {"username": name})
        # Nobody else gets in with any password. Their names would fill the hub's memory.
        if name in self.allowed_users:
            self._failed[name] = [] if answer else [*recent, now]
        return answer


c.JupyterHub.authenticator_class = GatewayPasswordAuthenticator  # noqa: F821
