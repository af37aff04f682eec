"""Keystone, the real one: run as a module it sets it up when it is new, and serves it."""

# ruff: noqa: PLC0415 - the service reads its command line and settings as it is imported
# mypy: disable-error-code="import-not-found"
# (It is in the services' environment, not in the one of the tools.)

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
from typing import Any

from sandbox.cloud import settings
from sandbox.cloud.services import sqlite, wsgi

NAME = "keystone"
_SERVICE_NAMES = {
    "identity": "keystone",
    "container-infra": "magnum",
    "dns": "designate",
    "compute": "nova",
    "image": "glance",
    "network": "neutron",
    "load-balancer": "octavia",
    "block-storage": "cinder",
    "volumev3": "cinderv3",
}


def _configure() -> None:
    home = settings.HOME / NAME
    path = settings.write_config(
        NAME,
        {
            "DEFAULT": {"public_endpoint": settings.url("identity").removesuffix("/v3")},
            "database": {"connection": settings.database_url(NAME), "sqlite_synchronous": False},
            "token": {"expiration": 4 * 3600},
            "fernet_tokens": {"key_repository": home / "fernet"},
            "fernet_receipts": {"key_repository": home / "receipts"},
            "credential": {"key_repository": home / "credential"},
            # The cheapest hash that Keystone takes, for each log-in costs one; bcrypt reads 72 bytes at most.
            "identity": {"password_hash_rounds": 4, "max_password_length": 72},
            "cache": {"enabled": True, "backend": "dogpile.cache.memory"},
        },
    )
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = str(path)
    sys.argv = [NAME]  # Keystone reads it


def _create_keys() -> None:
    """Lay out the key repositories as `keystone-manage fernet_setup` does: 0 is staged, 1 is primary."""
    from cryptography.fernet import Fernet

    for repository in ("fernet", "receipts", "credential"):
        folder = settings.HOME / NAME / repository
        folder.mkdir(mode=0o700)
        for number in ("0", "1"):
            (folder / number).write_bytes(Fernet.generate_key())


def _set_up() -> None:
    """Make the database, and in it admin, services and endpoints, the project, its user and credentials."""
    import keystone.server
    from keystone.cmd import bootstrap
    from keystone.common import provider_api
    from keystone.common.sql import upgrades

    _create_keys()
    keystone.server.configure(config_files=[os.environ["OS_KEYSTONE_CONFIG_FILES"]])
    upgrades.offline_sync_database_to_version()
    first = bootstrap.Bootstrapper()
    first.admin_username, first.admin_password = "admin", settings.secret("admin")
    first.project_name, first.admin_role_name, first.region_id = "admin", "admin", settings.REGION
    first.bootstrap()
    api = provider_api.ProviderAPIs
    roles = {role["name"]: role["id"] for role in api.role_api.list_roles()}
    balancer = settings.identifier("load-balancer_member")
    api.role_api.create_role(balancer, {"id": balancer, "name": "load-balancer_member"})
    roles["load-balancer_member"] = balancer

    projects = {name: settings.identifier(f"project {name}") for name in ("service", settings.PROJECT)}
    for name, key in projects.items():
        api.resource_api.create_project(
            key, {"id": key, "name": name, "domain_id": "default", "enabled": True}
        )
    for name in settings.SERVICE_USERS:
        user = _create_user(api, name)
        api.assignment_api.add_role_to_user_and_project(user, projects["service"], roles["admin"])
        api.assignment_api.add_role_to_user_and_project(user, projects["service"], roles["service"])
    user = _create_user(api, settings.USER)
    held = {roles[name] for name in settings.ROLES}
    for role in held:
        api.assignment_api.add_role_to_user_and_project(user, projects[settings.PROJECT], role)
    for name in ("unrestricted", "restricted"):
        api.application_credential_api.create_application_credential(
            {
                "id": settings.identifier(name),
                "secret": settings.secret(name),
                "name": name,
                "user_id": user,
                "project_id": projects[settings.PROJECT],
                "roles": [{"id": role} for role in held],
                "unrestricted": name == "unrestricted",
                "description": "of the sandbox's clouds.yaml",
            }
        )
    for kind, service_name in _SERVICE_NAMES.items():
        service = settings.identifier(f"service {kind}")
        api.catalog_api.create_service(
            service, {"id": service, "type": kind, "name": service_name, "enabled": True}
        )
        for interface in ("public", "internal", "admin"):
            endpoint = settings.identifier(f"endpoint {kind} {interface}")
            api.catalog_api.create_endpoint(
                endpoint,
                {
                    "id": endpoint,
                    "service_id": service,
                    "region_id": settings.REGION,
                    "interface": interface,
                    "url": settings.url(kind),
                    "enabled": True,
                },
            )


def _create_user(api: Any, name: str) -> str:
    user: dict[str, str] = api.identity_api.create_user(
        {"name": name, "password": settings.secret(name), "domain_id": "default", "enabled": True}
    )
    return user["id"]


def main() -> None:
    """Serve Keystone; one thread, as its sqlite backend wants it."""
    ready = settings.HOME / NAME / "ready"
    if not ready.exists():
        shutil.rmtree(ready.parent, ignore_errors=True)
    _configure()
    sqlite.take_turns()
    from keystone.server.wsgi import initialize_public_application

    if not ready.exists():
        # In a process of its own: Keystone can be configured only once in one.
        child = multiprocessing.get_context("fork").Process(target=_set_up)
        child.start()
        child.join()
        if child.exitcode:
            raise SystemExit(f"Keystone could not be set up (exit code {child.exitcode}).")
        ready.touch()
    wsgi.serve(NAME, initialize_public_application(), threads=1)


if __name__ == "__main__":
    main()
