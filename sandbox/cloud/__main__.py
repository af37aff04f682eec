"""`python -m sandbox.cloud up|down`: the cloud alone, without clusters or engine."""

from __future__ import annotations

import sys

from sandbox import cloud

ACTIONS = {"up": lambda: cloud.start(print), "down": cloud.stop}

if sys.argv[1:] not in [[action] for action in ACTIONS]:
    raise SystemExit(f"usage: python -m sandbox.cloud {'|'.join(ACTIONS)}")
ACTIONS[sys.argv[1]]()
