"""H.264 or VP8 for a picture that must be there at once."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import av
from av.video.frame import PictureType
from av.video.reformatter import VideoReformatter

from video.rules import HERTZ

# One thread: a second one would take the application's core. No frame is looked at before it is sent.
X264 = "keyint=infinite:scenecut=0:sliced-threads=0:slices=1:force-cfr=1"
BT709 = {"colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709", "color_range": "tv"}


class Codec(NamedTuple):
    """A way to encode."""

    encoder: str
    """FFmpeg's name of it."""
    name: str
    """WebCodecs' name of what it makes."""
    options: dict[str, str]


CODECS = {
    # High profile, level 5.2: up to 4096x2304 at 60 Hz.
    "h264": Codec("libx264", "avc1.640034", {
        "preset": "superfast", "tune": "zerolatency", "crf": "18", "profile": "high", "level": "5.2",
        "x264-params": X264, **BT709,
    }),
    "vp8": Codec("libvpx", "vp8", {
        "deadline": "realtime", "cpu-used": "-8", "lag-in-frames": "0", "error-resilient": "1", "g": "99999",
        "qmin": "4", "qmax": "56", "undershoot-pct": "95", "overshoot-pct": "15", "minrate": "0",
    }),
}  # fmt: skip


class Packet(NamedTuple):
    """An encoded frame."""

    key: bool
    data: bytes


class Encoder:
    """For pictures of one size, at no more than `kbit`/s."""

    def __init__(self, codec: Codec, width: int, height: int, kbit: int) -> None:
        self.kbit = kbit
        self._context = av.CodecContext.create(codec.encoder, "w")
        self._context.width, self._context.height = width, height
        self._context.pix_fmt = "yuv420p"
        self._context.framerate = Fraction(HERTZ)
        self._context.time_base = Fraction(1, 1000)
        self._context.thread_count = 1
        if codec.encoder != "libx264":
            self._context.bit_rate = kbit * 1000  # x264 is told a quality instead
        # A twelfth of a second: a larger frame would be late.
        rate = {"maxrate": str(kbit * 1000), "bufsize": str(kbit * 1000 // 12)}
        self._context.options = {**codec.options, **rate}
        self._size = width, height
        self._reformatter = VideoReformatter()
        self._last = -1

    def encode(self, pixels: memoryview, seconds: float, *, key: bool) -> Packet | None:
        """A picture that was taken then."""
        picture = av.VideoFrame(*self._size, "bgra")
        picture.planes[0].update(pixels)
        frame = self._reformatter.reformat(
            picture, format="yuv420p", dst_colorspace="ITU709", interpolation="FAST_BILINEAR"
        )
        self._last = frame.pts = max(int(seconds * 1000), self._last + 1)
        frame.time_base = self._context.time_base
        frame.pict_type = PictureType.I if key else PictureType.NONE
        packets = self._context.encode(frame)
        return (
            Packet(any(one.is_keyframe for one in packets), b"".join(map(bytes, packets)))
            if packets
            else None
        )
