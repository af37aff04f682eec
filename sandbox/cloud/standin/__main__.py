"""`python -m sandbox.cloud.standin`: serves the stand-in behind Keystone's token check."""

# mypy: disable-error-code="import-not-found,untyped-decorator"
# (Flask is in the services' environment, not in the one of the tools.)

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask, Response, request
from keystonemiddleware import auth_token

from sandbox.cloud import settings
from sandbox.cloud.services import wsgi
from sandbox.cloud.standin import (
    accounting,
    attachment,
    balancer,
    compute,
    flavor,
    floating_ip,
    image,
    listeners,
    network,
    port,
    snapshot,
    usage,
    volume,
    volume_quota,
)
from sandbox.cloud.standin.common.store import Store

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

NAME = "standin"
LOG = logging.getLogger(NAME)


def application(store: Store) -> Flask:
    """The WSGI application over `store`; it expects the headers that Keystone's middleware sets."""
    app = Flask(NAME)
    app.config["STORE"] = store
    app.url_map.strict_slashes = False
    app.before_request(balancer.settle)
    parts = (
        flavor,
        compute,
        usage,
        accounting,
        attachment,
        image,
        network,
        floating_ip,
        port,
        listeners,
        volume,
        volume_quota,
        snapshot,
    )
    for part in parts:
        app.register_blueprint(part.api)

    @app.after_request
    def log(response: Response) -> Response:
        LOG.info("%s %s %s", response.status_code, request.method, request.full_path.rstrip("?"))
        return response

    return app


def main() -> None:
    """Serve until the process ends."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("keystonemiddleware").setLevel(logging.ERROR)
    app = application(Store(settings.HOME / NAME / f"{NAME}.sqlite"))
    turn = threading.Lock()

    def one_at_a_time(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with turn:
            answer: Iterable[bytes] = app(environ, start_response)
            return answer

    # delay_auth_decision: version documents are public; all else asks for the caller itself.
    options = {**settings.service_credentials(NAME), "delay_auth_decision": True}
    guarded = auth_token.AuthProtocol(
        one_at_a_time, {**options, "www_authenticate_uri": settings.url("identity"), "log_name": NAME}
    )
    wsgi.serve(NAME, guarded, threads=4)


if __name__ == "__main__":
    main()
