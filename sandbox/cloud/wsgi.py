"""How the cloud's services are served: one waitress each, with the fault switch in front, on sqlite."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sandbox import layout
from sandbox.cloud import faults

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def serve(name: str, app: WSGIApplication, *, threads: int) -> None:
    """Answer for the service process `name` on its loopback port until the process ends."""
    import waitress  # noqa: PLC0415 - in the services' environment only

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a queue of a few requests is normal here
    waitress.serve(
        faults.Middleware(app, name), host="127.0.0.1", port=layout.port(name), threads=threads, ident=None
    )


def take_turns_on_sqlite() -> None:
    """Make each transaction ask for the write lock when it begins.

    SQLAlchemy's plain BEGIN lets two readers both try to become writers: sqlite then fails one at once, whatever
    its timeout, and services that cast their work lose the request silently.
    """
    from sqlalchemy import Engine, event  # noqa: PLC0415 - in the services' environment only

    def immediate(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> tuple[str, Any]:
        return ("BEGIN IMMEDIATE" if statement == "BEGIN" else statement), parameters

    event.listen(Engine, "before_cursor_execute", immediate, retval=True)
