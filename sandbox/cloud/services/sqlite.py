"""How the OpenStack services share their sqlite files among threads."""

# mypy: disable-error-code="import-not-found"
# (SQLAlchemy is in the services' environment, not in the one of the tools.)

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event


def take_turns() -> None:
    """Make each transaction ask for the write lock when it begins.

    With SQLAlchemy's plain BEGIN two readers may both try to become writers: sqlite then fails one at once,
    whatever its timeout, and a service that casts its work loses the request silently.
    """

    def immediate(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> tuple[str, Any]:
        return ("BEGIN IMMEDIATE" if statement == "BEGIN" else statement), values

    event.listen(Engine, "before_cursor_execute", immediate, retval=True)
