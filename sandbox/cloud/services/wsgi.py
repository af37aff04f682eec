"""How the cloud's services are served: one waitress each, with the fault switch in front."""

# mypy: disable-error-code="import-not-found,import-untyped"
# (waitress is in the services' environment, not in the one of the tools.)

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import waitress

from sandbox import layout
from sandbox.cloud import faults

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def serve(name: str, app: WSGIApplication, *, threads: int) -> None:
    """Answer for the service process `name` on its loopback port until the process ends."""
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue of a few requests is normal here
    waitress.serve(
        faults.Middleware(app, name),
        host="127.0.0.1",
        port=layout.port(name),
        threads=threads,
        ident=None,
        # OpenStack's clients keep connections open and forget them: past the default of 100 nobody gets in.
        connection_limit=2000,
        cleanup_interval=10,
        asyncore_use_poll=True,
    )
