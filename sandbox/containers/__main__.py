"""`python -m sandbox.containers up|down|remove`: the engine and the registry by themselves."""

from __future__ import annotations

import sys

from sandbox.containers import ContainersError, environment, remove, start, stop


def main(*arguments: str) -> int:
    """`up` starts and prints what clients need, `down` stops, `remove` stops and removes what was stored."""
    try:
        match arguments:
            case ("up",):
                start(lambda line: print(line, file=sys.stderr))
                print("\n".join(f"export {name}={value}" for name, value in environment().items()))
            case ("down",):
                stop()
            case ("remove",):
                remove()
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except ContainersError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
