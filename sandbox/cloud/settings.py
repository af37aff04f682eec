"""Names, addresses and secrets of the sandbox's cloud; the one place that its services and clients share."""

from __future__ import annotations

import configparser
import json
import secrets
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sandbox import layout

REGION = "IU"
PROJECT = "sbx000001"
USER = "gateway"
DOMAIN = "sandbox.localhost"
"""Browsers resolve all names below `localhost` to this machine by themselves, without any DNS (RFC 6761)."""
ZONE = f"{PROJECT}.projects.{DOMAIN}."
ROLES = ("reader", "member", "load-balancer_member")
"""What the gateway's user may do in PROJECT, as on Jetstream2. `member` implies `reader`, but a credential
holds only what it is given."""
SERVICE_USERS = ("magnum", "designate", "standin")

HOME = layout.RUN / "cloud"
CATALOGUE: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "jetstream2.yaml").read_text())
"""Flavors, images, networks, volume types, quotas, the allocation and cluster templates."""

_PATHS = {
    "identity": ("keystone", "/v3"),
    "container-infra": ("magnum", "/v1"),
    "dns": ("designate", ""),
    "compute": ("standin", "/compute/v2.1"),
    "image": ("standin", "/image"),
    "network": ("standin", "/network"),
    "load-balancer": ("standin", "/load-balancer"),
    "block-storage": ("standin", "/volume/v3/$(project_id)s"),
    "volumev3": ("standin", "/volume/v3/$(project_id)s"),
    "accounting": ("standin", "/accounting"),  # in no catalogue, as on Jetstream2
}
SERVICE_TYPES = tuple(_PATHS)


def url(service_type: str) -> str:
    """The address of a service as the catalogue lists it, `$(project_id)s` left for Keystone to fill in."""
    process, path = _PATHS[service_type]
    return f"http://127.0.0.1:{layout.port(process)}{path}"


def secret(name: str) -> str:
    """A random secret of this sandbox, made when first asked for."""
    return _remembered(name, lambda: secrets.token_urlsafe(24))


def identifier(name: str) -> str:
    """A random id of this sandbox, made when first asked for."""
    return _remembered(f"id:{name}", lambda: uuid.uuid4().hex)


def _remembered(name: str, make: Any) -> str:
    path = HOME / "secrets.json"
    with layout.locked(path):
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known:
            known[name] = make()
            path.touch(mode=0o600)
            path.write_text(json.dumps(known))
        return known[name]


IN_ONE_PROCESS = {
    "transport_url": "fake://",
    "host": "sandbox",
    # Of each part: the default of 64 are idle, and each wakes up every second.
    "executor_thread_pool_size": 8,
}
"""oslo.config's DEFAULT of a service whose parts are one process: their messages travel inside it."""


def write_config(name: str, sections: Mapping[str, Mapping[str, object]]) -> Path:
    """Write an oslo.config file of a service, readable by its owner only, and give its path."""
    path = HOME / name / f"{name}.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    config = configparser.ConfigParser(interpolation=None)
    config.read_dict(
        {section: {k: str(v) for k, v in options.items()} for section, options in sections.items()}
    )
    path.touch(mode=0o600)
    with path.open("w") as stream:
        config.write(stream)
    return path


def database(name: str) -> Path:
    """The sqlite file of a service."""
    return HOME / name / f"{name}.sqlite"


def database_url(name: str) -> str:
    """SQLAlchemy's address of `database(name)`; a writer waits up to 30 s for its turn."""
    return f"sqlite:///{database(name)}?timeout=30"


def service_credentials(user: str) -> dict[str, str]:
    """How the service `user` logs in at Keystone, as options of keystoneauth."""
    return {
        "auth_type": "password",
        "auth_url": url("identity"),
        "username": user,
        "password": secret(user),
        "user_domain_id": "default",
        "project_name": "service",
        "project_domain_id": "default",
        "region_name": REGION,
    }


def write_clouds_yaml() -> None:
    """Write the clients' file: the gateway's user, a restricted credential of it, and the cloud's admin."""

    def application_credential(name: str) -> dict[str, Any]:
        return {
            "auth_type": "v3applicationcredential",
            "auth": {
                "auth_url": url("identity"),
                "application_credential_id": identifier(name),
                "application_credential_secret": secret(name),
            },
        }

    admin = {
        "auth_type": "password",
        "auth": {
            "auth_url": url("identity"),
            "username": "admin",
            "password": secret("admin"),
            "project_name": "admin",
            "user_domain_id": "default",
            "project_domain_id": "default",
        },
    }
    clouds = {
        "sandbox": application_credential("unrestricted"),
        "sandbox-restricted": application_credential("restricted"),
        "sandbox-admin": admin,
    }
    common = {
        "region_name": REGION,
        "interface": "public",
        "identity_api_version": 3,
        "accounting_endpoint_override": url("accounting"),
    }
    layout.CLOUDS_YAML.parent.mkdir(parents=True, exist_ok=True)
    layout.CLOUDS_YAML.touch(mode=0o600)
    text = yaml.safe_dump({"clouds": {name: {**cloud, **common} for name, cloud in clouds.items()}})
    layout.CLOUDS_YAML.write_text(text)
