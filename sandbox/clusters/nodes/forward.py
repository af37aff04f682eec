"""`python -m sandbox.clusters.nodes.forward PID FILE (in|out LISTEN TARGET)…` carries TCP between namespaces.

`in` listens in this machine's network namespace and connects in that of the process PID, `out` the other way
round; LISTEN and TARGET are host:port. A socket keeps the namespace in which it was made, so this process
changes over for a moment to make each.

FILE has further ways, a JSON list of such threes. They may change at any time; a LISTEN that is in use is
tried again until it is free. What is listened on stands in FILE's neighbour that `listening` names.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import socket
import sys
from pathlib import Path

CLONE_NEWNET = 0x40000000
CHUNK = 1 << 18
BACKLOG = 512
LOOK_S = 0.3

Way = tuple[str, str, str]

_libc = ctypes.CDLL(None, use_errno=True)


def listening(file: Path) -> Path:
    """Beside FILE: a JSON list of the ways that are open."""
    return file.with_suffix(".open")


def _enter(namespace: int) -> None:
    if _libc.setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _namespace(pid: int | str) -> int:
    return os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host, int(port)


class Forward:
    """One listener; `near` is the namespace where it listens, `far` the one where it connects."""

    def __init__(self, near: int, far: int, home: int) -> None:
        self._near, self._far, self._home = near, far, home

    def _socket(self, namespace: int) -> socket.socket:
        _enter(namespace)
        try:
            made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        finally:
            _enter(self._home)
        made.setblocking(False)
        return made

    async def serve(self, listen: str, target: str) -> asyncio.Server:
        """Listen until the server is closed. OSError where the address is in use."""
        listener = self._socket(self._near)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(_address(listen))
            # Two sockets may have one address until one of them listens.
            listener.listen(BACKLOG)
        except OSError:
            listener.close()
            raise

        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connection = self._socket(self._far)
            try:
                await asyncio.get_running_loop().sock_connect(connection, _address(target))
            except OSError:
                connection.close()
                writer.close()
                return
            far_reader, far_writer = await asyncio.open_connection(sock=connection, limit=CHUNK)
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
            writer.close()
            far_writer.close()

        return await asyncio.start_server(carry, sock=listener, limit=CHUNK, backlog=BACKLOG)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


class Forwards:
    """All ways of one forwarder: `fixed` ones, and those that `file` has at the moment."""

    def __init__(self, pid: str, file: Path, fixed: list[Way]) -> None:
        home, other = _namespace("self"), _namespace(pid)
        self._ends = {"in": Forward(home, other, home), "out": Forward(other, home, home)}
        self._file, self._fixed = file, fixed
        self._open: dict[Way, asyncio.Server] = {}

    def _wanted(self) -> list[Way]:
        more = json.loads(self._file.read_text()) if self._file.exists() else []
        return [*self._fixed, *((way, listen, target) for way, listen, target in more)]

    async def look(self) -> None:
        """Close what is not wanted any more, and open what is."""
        wanted, before = self._wanted(), set(self._open)
        for gone in before.difference(wanted):
            self._open.pop(gone).close()
        for way in wanted:
            if way not in self._open:
                try:
                    self._open[way] = await self._ends[way[0]].serve(*way[1:])
                except OSError as error:
                    if way in self._fixed:
                        print(f"{' '.join(way)}: {error}", flush=True)
        if before != set(self._open) or not listening(self._file).exists():
            draft = self._file.with_suffix(".draft")
            draft.write_text(json.dumps(sorted(self._open)))
            draft.replace(listening(self._file))


async def main(pid: str, file: str, *words: str) -> None:
    """Carry all ways, for ever."""
    fixed = list(zip(words[::3], words[1::3], words[2::3], strict=True))
    listening(Path(file)).unlink(missing_ok=True)
    forwards = Forwards(pid, Path(file), fixed)
    while True:
        await forwards.look()
        await asyncio.sleep(LOOK_S)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
