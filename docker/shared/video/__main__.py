"""python -m video SOCKET: serves the video of $DISPLAY there, encoded as $VIDEO_CODEC (h264 or vp8)."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from video.display import Display
from video.encoder import CODECS
from video.server import Server


async def main() -> None:
    """Until the X server ends."""
    display = Display(os.environ["DISPLAY"])
    await Server(display, CODECS[os.environ.get("VIDEO_CODEC", "h264")]).run(Path(sys.argv[1]))


asyncio.run(main())
