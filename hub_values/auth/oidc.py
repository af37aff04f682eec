"""An issuer's addresses come from its discovery document, read when the first user logs in."""

import json
from urllib.request import urlopen

from oauthenticator.generic import GenericOAuthenticator
from traitlets import Unicode, default

TIMEOUT_S = 10


class GatewayOIDCAuthenticator(GenericOAuthenticator):
    """JupyterHub's authenticator for any OAuth 2.0 site, which knows OpenID Connect's discovery."""

    issuer = Unicode(config=True, help="URL of the issuer, without a final slash.")
    _document = None

    def _discovered(self, key):
        # Not at the hub's start, which must not depend on another site.
        if self._document is None:
            url = f"{self.issuer}/.well-known/openid-configuration"
            with urlopen(url, timeout=TIMEOUT_S) as answer:  # noqa: S310  (the settings ask for https)
                self._document = json.load(answer)
        return self._document[key]

    @default("authorize_url")
    def _authorize_url_default(self):
        return self._discovered("authorization_endpoint")

    @default("token_url")
    def _token_url_default(self):
        return self._discovered("token_endpoint")

    @default("userdata_url")
    def _userdata_url_default(self):
        return self._discovered("userinfo_endpoint")


c.JupyterHub.authenticator_class = GatewayOIDCAuthenticator  # noqa: F821
