"""`python -m sandbox.clusters.nodes.forward PID (in|out LISTEN TARGET)…` carries TCP between namespaces.

`in` listens in this machine's network namespace and connects in that of the process PID, `out` the other way
round; LISTEN and TARGET are host:port. A socket keeps the namespace in which it was made, so this process
changes over for a moment to make each.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000
CHUNK = 1 << 18
BACKLOG = 512

_libc = ctypes.CDLL(None, use_errno=True)


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

    async def serve(self, listen: str, target: str) -> None:
        """Listen for ever."""
        listener = self._socket(self._near)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(_address(listen))

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

        server = await asyncio.start_server(carry, sock=listener, limit=CHUNK, backlog=BACKLOG)
        await server.serve_forever()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def main(pid: str, *ways: str) -> None:
    """Carry all `ways`, three words each."""
    home, other = _namespace("self"), _namespace(pid)
    ends = {"in": (home, other), "out": (other, home)}
    tasks = [Forward(*ends[way], home).serve(listen, target) for way, listen, target in _threes(ways)]
    await asyncio.gather(*tasks)


def _threes(words: tuple[str, ...]) -> list[tuple[str, str, str]]:
    return list(zip(words[::3], words[1::3], words[2::3], strict=True))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
