"""Print a token that nobody can guess, in JupyterHub's form: 64 hexadecimal digits."""

from __future__ import annotations

import secrets


def main(_: list[str]) -> int:
    """Run the task; the exit code."""
    print(secrets.token_hex(32), end="")
    return 0
