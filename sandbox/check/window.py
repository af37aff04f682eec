"""`make sandbox-open`: Chromium with a window, on the gateway of the sandbox."""

from __future__ import annotations

import os
import subprocess
import sys

from sandbox import address, layout
from sandbox.check import browser

HOME = layout.RUN / "browser"
"""Its profile stays for the next time."""


def main() -> int:
    """Show it until the window is closed; 1 where there is no gateway, no Chromium or no screen."""
    try:
        gateway = address.gateway()
        program = browser.chromium()
    except (LookupError, FileNotFoundError) as reason:
        print(f"sandbox-open: {reason}", file=sys.stderr)
        return 1
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        print(f"sandbox-open: there is no screen here; open {gateway.url} elsewhere", file=sys.stderr)
        return 1
    browser.trust(gateway.authority, HOME)
    options = [*browser.OPTIONS, f"--user-data-dir={HOME / 'profile'}", gateway.url]
    return subprocess.run([program, *options], env={**os.environ, "HOME": str(HOME)}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
