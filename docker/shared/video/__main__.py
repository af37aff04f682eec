"""python -m video SOCKET: serves the video of $DISPLAY there, encoded as $VIDEO_CODEC (h264 or vp8)."""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from pathlib import Path

from video.display import Display
from video.encoder import CODECS, Encoder
from video.server import Server


async def main() -> None:
    """Until the X server ends."""
    codec = CODECS[os.environ.get("VIDEO_CODEC", "h264")]
    server = Server(Display(os.environ["DISPLAY"]), codec.name, functools.partial(Encoder, codec))
    await server.run(Path(sys.argv[1]))


asyncio.run(main())
