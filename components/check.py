"""`make preflight STACK=NAME`: all checks of a preview in seconds, without the engine and without a plan.

Price and warnings go to standard error, the mistakes to standard output.
"""

from __future__ import annotations

import subprocess
import sys

import pulumi

from components.hub.catalogue import load_catalogue
from components.preflight import preflight
from components.settings.load import load, registry_password
from components.stack import read


def main(words: list[str]) -> int:
    """Check the stack that `words` names; 1 where something is wrong."""
    if len(words) != 1 or not words[0]:
        print("name the stack: make preflight STACK=NAME", file=sys.stderr)
        return 2
    try:
        last = read(words[0])
        preflight(load(), load_catalogue(), registry_password(), lambda: last)
    except subprocess.CalledProcessError as error:
        print(error.stderr.strip(), file=sys.stderr)
        return 2
    except pulumi.RunError as error:
        print(error)
        return 1
    print("no mistakes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
