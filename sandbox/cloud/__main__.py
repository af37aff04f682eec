"""`python -m sandbox.cloud up | down | fault …`: the cloud alone, without clusters or engine."""

from __future__ import annotations

import argparse

from sandbox import cloud
from sandbox.cloud import faults, settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.cloud", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("up", help="start what does not run, wait until it answers")
    actions.add_parser("down", help="stop it; its state stays")
    fault = actions.add_parser("fault", help="make a service fail, or end all faults of it")
    fault.add_argument("service", choices=settings.SERVICE_TYPES)
    fault.add_argument("--status", type=int, help="HTTP status of its answers")
    fault.add_argument("--count", type=int, help="how many requests are hit (default: all)")
    fault.add_argument("--method", action="append", default=[], help="only requests of this HTTP method")
    fault.add_argument("--path", default="", help="only requests whose path holds this")
    fault.add_argument("--pending", action="store_true", help="new load balancers stay in PENDING_CREATE")
    fault.add_argument("--clear", action="store_true", help="end the service's faults")
    return parser


def main() -> None:
    """Do what the command line says."""
    said = _parser().parse_args()
    if said.action == "up":
        cloud.start(print)
    elif said.action == "down":
        cloud.stop()
    elif said.clear:
        faults.clear(said.service)
    else:
        faults.set_fault(
            said.service,
            faults.Fault(
                status=said.status,
                count=said.count,
                methods=tuple(said.method),
                path=said.path,
                pending=said.pending,
            ),
        )


if __name__ == "__main__":
    main()
