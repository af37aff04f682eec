"""What the stand-in remembers: JSON bodies by kind and id, in one sqlite file."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

Body = dict[str, Any]


class Store:
    """Bodies as the API shows them; keys with a leading underscore are for the stand-in alone.

    Not safe for threads by itself: the application handles one request at a time.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS body (kind TEXT, id TEXT, json TEXT, PRIMARY KEY (kind, id))"
        )

    def put(self, kind: str, body: Body) -> Body:
        """Keep `body` under its `id`, new or changed, and give it back."""
        self._connection.execute(
            "INSERT INTO body VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET json = excluded.json",
            (kind, body["id"], json.dumps(body)),
        )
        return body

    def get(self, kind: str, key: str) -> Body | None:
        """The body of this id, or None."""
        row = self._connection.execute(
            "SELECT json FROM body WHERE kind = ? AND id = ?", (kind, key)
        ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def all(self, kind: str) -> list[Body]:
        """All bodies of a kind, oldest first."""
        rows = self._connection.execute("SELECT json FROM body WHERE kind = ? ORDER BY rowid", (kind,))
        return [json.loads(row[0]) for row in rows]

    def remove(self, kind: str, key: str) -> None:
        """Forget the body of this id."""
        self._connection.execute("DELETE FROM body WHERE kind = ? AND id = ?", (kind, key))
