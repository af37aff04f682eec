"""Where the gateway of the sandbox's stack is on this machine, and who may log in."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from urllib3 import HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util import parse_url

from sandbox import shell
from sandbox.clusters import acme
from sandbox.clusters.nodes import floating

HTTPS = 443
ANSWER_S = 5


@dataclass(frozen=True)
class Gateway:
    """The gateway as a browser of this machine finds it."""

    url: str
    """Without a slash at its end; its host resolves to loopback by itself."""
    user: str
    password: str
    authority: Path
    """The certificate that browsers must trust, a PEM file."""


def url(outputs: dict[str, str]) -> str | None:
    """The address to open on this machine; None where nothing listens, as with kwok's nodes.

    Args:
        outputs: those of the stack.
    """
    if not (ip := outputs.get("ingress_ip")) or not (place := floating.on_loopback(ip)):
        return None
    host, port = outputs["fqdn"].rstrip("."), place[1]
    return f"https://{host}" if port == HTTPS else f"https://{host}:{port}"


def answers(url: str) -> bool:
    """Whether the hub at `url` says that it is well; its nodes may still be on their way."""
    place = parse_url(url)
    with HTTPSConnectionPool(
        # Browsers resolve names under .localhost to it by themselves; the C library may not.
        floating.LOOPBACK,
        place.port or HTTPS,
        server_hostname=place.host,
        assert_hostname=place.host,
        ca_certs=str(acme.ROOTS),
        timeout=ANSWER_S,
        retries=False,
    ) as hub:
        try:
            answer = hub.request("GET", "/hub/health", headers={"Host": place.netloc or ""})
        except HTTPError:
            return False
        return answer.status == HTTPStatus.OK


def gateway() -> Gateway:
    """The gateway, for its first administrator. LookupError where it is not reached from this machine."""
    known = shell.outputs()
    if (found := url(known)) is None:
        raise LookupError("the gateway is not reached from this machine: `make sandbox` starts it")
    return Gateway(
        url=found,
        user=known["hub_admin"],
        password=known["hub_admin_password"],
        authority=acme.ROOTS,
    )
