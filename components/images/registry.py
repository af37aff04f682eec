"""What a registry has under an image's name, by the HTTP API of the OCI distribution specification."""

from __future__ import annotations

import ipaddress

import requests
from requests.utils import parse_dict_header

Login = tuple[str, str]
"""User and password."""

DOCKER_HUB = "docker.io"
"""Where an image is whose name has no host. Its API is at another one."""
MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
SECONDS = (4, 10)
"""Until a registry is connected to, and until it answers."""
UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 401, 403, 404


class RegistryError(Exception):
    """The registry did not tell; the text says why."""


class DeniedError(RegistryError):
    """The registry does not let this login, or nobody, pull the image. It may not be there either."""


class _Bearer(requests.auth.AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def split(reference: str) -> tuple[str, str, str]:
    """Host, name and tag (or digest) of an image's reference, as Docker reads it."""
    first, slash, rest = reference.partition("/")
    host, path = (first, rest) if slash and _is_host(first) else (DOCKER_HUB, reference)
    name, at, version = path.partition("@")
    tagged, colon, tag = name.rpartition(":")
    name, tag = (tagged, tag) if colon else (name, "latest")
    return host, f"library/{name}" if host == DOCKER_HUB and "/" not in name else name, version if at else tag


def digest_of(reference: str, login: Login | None = None) -> str | None:
    """The digest that `reference` leads to now; None where the registry has no such image.

    Raises RegistryError, and DeniedError where a pull would be denied too.
    """
    host, name, version = split(reference)
    api = "registry-1.docker.io" if host == DOCKER_HUB else host
    url = f"{_scheme(api)}://{api}/v2/{name}/manifests/{version}"
    try:
        with requests.Session() as session:
            session.headers["Accept"] = ", ".join(MANIFESTS)
            answer = session.head(url, timeout=SECONDS, allow_redirects=True)
            if answer.status_code == UNAUTHORIZED:
                session.auth = _authentication(session, answer, name, login)
                answer = session.head(url, timeout=SECONDS, allow_redirects=True)
    except (requests.RequestException, ValueError) as error:
        cause = getattr(error.args[0], "reason", error) if error.args else error
        raise RegistryError(f"{host} does not answer: {str(cause).rpartition('): ')[2]}") from None
    if answer.status_code == NOT_FOUND:
        return None
    if answer.status_code in (UNAUTHORIZED, FORBIDDEN):
        raise DeniedError(f"{host} denies it: {answer.status_code} {answer.reason}")
    digest = answer.headers.get("Docker-Content-Digest")
    if not answer.ok or digest is None:
        raise RegistryError(f"{host} does not tell: {answer.status_code} {answer.reason}")
    return digest


def _authentication(
    session: requests.Session, challenge: requests.Response, name: str, login: Login | None
) -> requests.auth.AuthBase | Login | None:
    """What the registry wants with a request: the login itself, or a token that it is exchanged for."""
    kind, _, details = challenge.headers.get("WWW-Authenticate", "").partition(" ")
    if kind.lower() != "bearer":
        return login
    wanted: dict[str, str | None] = parse_dict_header(details)
    scope = {"service": wanted.get("service"), "scope": f"repository:{name}:pull"}
    answer = session.get(wanted.get("realm") or "", params=scope, auth=login, timeout=SECONDS)
    if not answer.ok:
        return None
    told = answer.json()
    return _Bearer(told.get("token") or told["access_token"])


def _is_host(part: str) -> bool:
    return "." in part or ":" in part or part == "localhost"


def _scheme(host: str) -> str:
    """Docker's rule: only a registry on the same machine may go without TLS."""
    name = host.partition(":")[0]
    try:
        local = name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        local = False
    return "http" if local else "https"
