"""An X display by its own libraries: what was drawn (DAMAGE), its size, and pictures of it (MIT-SHM)."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, byref, c_int, c_short, c_uint, c_ulong, c_ushort, c_void_p
from typing import Any

from video.rules import Rect

NON_EMPTY = 3  # XDamageReportNonEmpty
Z_PIXMAP = 2
STRUCTURE = 1 << 17  # StructureNotifyMask
CONFIGURED = 22  # ConfigureNotify
BYTES = 4  # of a pixel: blue, green, red and nothing


class _Rectangle(Structure):
    _fields_ = [("x", c_short), ("y", c_short), ("width", c_ushort), ("height", c_ushort)]


class _Segment(Structure):
    _fields_ = [("segment", c_ulong), ("id", c_int), ("address", c_void_p), ("read_only", c_int)]


class _Image(Structure):  # the beginning of XImage
    _fields_ = [("width", c_int), ("height", c_int), ("offset", c_int), ("format", c_int), ("data", c_void_p)]


def _library(name: str, **returns: Any) -> Any:
    library = ctypes.CDLL(name, use_errno=True)
    for function, kind in returns.items():
        getattr(library, function).restype = kind
    return library


_x = _library("libX11.so.6", XOpenDisplay=c_void_p, XDefaultVisual=c_void_p, XDefaultRootWindow=c_ulong)
_ext = _library("libXext.so.6", XShmCreateImage=POINTER(_Image))
_damage = _library("libXdamage.so.1", XDamageCreate=c_ulong)
_fixes = _library(
    "libXfixes.so.3", XFixesCreateRegion=c_ulong, XFixesFetchRegionAndBounds=POINTER(_Rectangle)
)
_c = _library("libc.so.6", shmat=c_void_p)
# Where a screen has just become smaller, a picture of what was there is an error, and would end the program.
_ignore = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)(lambda *_: 0)


class Display:
    """The display of this name. Raises OSError where it lacks what is needed."""

    def __init__(self, name: str) -> None:
        _x.XSetErrorHandler(_ignore)
        self._display = c_void_p(_x.XOpenDisplay(name.encode()))
        first, error = c_int(), c_int()
        if not self._display:
            raise OSError(f"no X server answers at {name}")
        if not (
            _damage.XDamageQueryExtension(self._display, byref(first), byref(error))
            and _fixes.XFixesQueryExtension(self._display, byref(c_int()), byref(error))
            and _ext.XShmQueryExtension(self._display)
        ):
            raise OSError(f"the X server {name} lacks DAMAGE, XFIXES or MIT-SHM")
        self._root = c_ulong(_x.XDefaultRootWindow(self._display))
        _x.XSelectInput(self._display, self._root, STRUCTURE)
        self._damage = c_ulong(_damage.XDamageCreate(self._display, self._root, NON_EMPTY))
        self._region = c_ulong(_fixes.XFixesCreateRegion(self._display, None, 0))
        self._image: Any = None
        self._segment = _Segment()
        self.fileno: int = _x.XConnectionNumber(self._display)
        self.size = self._size()
        _x.XFlush(self._display)

    def pending(self) -> bool:
        """Whether `drawn` has something to say."""
        return bool(_x.XPending(self._display))

    def drawn(self) -> list[Rect]:
        """What was since the last call. Notes a new `size`, too."""
        event = ctypes.create_string_buffer(192)
        if not _x.XPending(self._display):
            return []
        while _x.XPending(self._display):
            _x.XNextEvent(self._display, event)
            if c_int.from_buffer(event).value == CONFIGURED:
                self.size = self._size()
        _damage.XDamageSubtract(self._display, self._damage, c_ulong(0), self._region)
        number, bounds = c_int(), _Rectangle()
        found = _fixes.XFixesFetchRegionAndBounds(self._display, self._region, byref(number), byref(bounds))
        rects = [Rect(one.x, one.y, one.width, one.height) for one in found[: number.value]]
        _x.XFree(found)
        return rects

    def take(self, rect: Rect) -> memoryview | None:
        """The picture of this part, BYTES a pixel; None where the screen has become too small for it."""
        if self._image is None or (self._image.contents.width, self._image.contents.height) != rect[2:]:
            self._share(rect.width, rect.height)
        got = _ext.XShmGetImage(self._display, self._root, self._image, rect.x, rect.y, c_ulong(0xFFFFFFFF))
        return self._pixels if got else None

    def _share(self, width: int, height: int) -> None:
        """Have the X server write pictures of this size into memory of this process."""
        if self._image is not None:
            _ext.XShmDetach(self._display, byref(self._segment))
            _x.XSync(self._display, 0)
            _c.shmdt(c_void_p(self._segment.address))
            _x.XFree(self._image)
        visual, depth = c_void_p(_x.XDefaultVisual(self._display, 0)), _x.XDefaultDepth(self._display, 0)
        size = width * height * BYTES
        self._segment = _Segment(id=_c.shmget(0, ctypes.c_size_t(size), 0o1600))
        self._segment.address = _c.shmat(self._segment.id, None, 0)
        shape = (
            visual,
            depth,
            Z_PIXMAP,
            c_void_p(self._segment.address),
            byref(self._segment),
            width,
            height,
        )
        self._image = _ext.XShmCreateImage(self._display, *shape)
        _ext.XShmAttach(self._display, byref(self._segment))
        _x.XSync(self._display, 0)
        _c.shmctl(self._segment.id, 0, None)  # IPC_RMID: gone with the last that has it
        self._pixels = memoryview((ctypes.c_uint8 * size).from_address(self._segment.address)).cast("B")

    def _size(self) -> tuple[int, int]:
        root, place, other = c_ulong(), c_int(), c_uint()
        width, height = c_uint(), c_uint()
        _x.XGetGeometry(
            self._display, self._root, byref(root), byref(place), byref(place),
            byref(width), byref(height), byref(other), byref(other),
        )  # fmt: skip
        return width.value, height.value
