"""Designate, the real one: `python -m sandbox.cloud.services.designate` serves it.

Central, worker, producer, mdns and API are one process, because their messages travel inside it (`fake://`):
there is no RabbitMQ in the sandbox.
"""

# ruff: noqa: PLC0415 - the service reads its command line and settings as it is imported
# mypy: disable-error-code="import-not-found"
# (It is in the services' environment, not in the one of the tools.)

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from sandbox import layout
from sandbox.cloud import settings
from sandbox.cloud.services import bind, sqlite, wsgi

NAME = "designate"
_POOL = "794ccc2c-d751-44fe-b57f-8894c9f5c842"
"""The default pool's id, fixed in Designate itself."""


def _configure() -> Path:
    home = settings.HOME / NAME
    credentials = settings.service_credentials(NAME)
    database = {"connection": settings.database_url(NAME), "sqlite_synchronous": False}
    config = settings.write_config(
        NAME,
        {
            "DEFAULT": {
                **settings.IN_ONE_PROCESS,
                "state_path": home,
                "root_helper": "env",  # rndc talks to a BIND of the same user, so no sudo
            },
            "database": database,
            "storage:sqlalchemy": database,
            "oslo_messaging_notifications": {"driver": "noop"},
            "oslo_concurrency": {"lock_path": home / "locks"},
            "keystone_authtoken": {**credentials, "www_authenticate_uri": settings.url("identity")},
            "service:api": {
                "auth_strategy": "keystone",
                "enable_host_header": True,
                "api_base_uri": settings.url("dns"),
                "max_header_line": 16384,
            },
            "service:central": {"default_pool_id": _POOL, "min_ttl": 1},
            "service:mdns": {"listen": f"127.0.0.1:{layout.port('mdns')}"},
            # A change is sent to BIND with the zone's next serial: at most this many seconds later.
            "producer_task:increment_serial": {"interval": 1},
            "service:worker": {"poll_delay": 1, "poll_retry_interval": 1, "poll_timeout": 5, "threads": 8},
        },
    )
    shutil.copy(Path(sys.prefix) / "etc" / NAME / "api-paste.ini", config.parent)
    return config


def _pool() -> list[dict[str, Any]]:
    """One pool: BIND, which copies its zones from mdns."""
    named = {"host": "127.0.0.1", "port": layout.port("bind")}
    return [
        {
            "id": _POOL,
            "name": "default",
            "description": "BIND on this machine",
            "attributes": {},
            "ns_records": [{"hostname": f"ns.{settings.DOMAIN}.", "priority": 1}],
            "nameservers": [named],
            "targets": [
                {
                    "type": "bind9",
                    "description": "BIND",
                    "masters": [{"host": "127.0.0.1", "port": layout.port("mdns")}],
                    "options": {
                        **named,
                        "rndc_host": "127.0.0.1",
                        "rndc_port": layout.port("rndc"),
                        "rndc_key_file": str(bind.RNDC_KEY),
                        "clean_zonefile": True,
                    },
                }
            ],
        }
    ]


def main() -> None:
    """Serve Designate until the process ends."""
    ready = settings.HOME / NAME / "ready"
    if not ready.exists():
        shutil.rmtree(ready.parent, ignore_errors=True)
    config = _configure()
    os.environ["OS_DESIGNATE_CONFIG_DIR"] = str(config.parent)
    sys.argv = [NAME]  # Designate reads it
    sqlite.take_turns()
    from oslo_service import backend

    backend.init_backend(backend.BackendType.THREADING)
    from designate.api import wsgi as api

    application = api.init_application()
    from designate.central.service import Service as Central
    from designate.manage.database import DatabaseCommands
    from designate.manage.pool import PoolCommands
    from designate.mdns.service import Service as Mdns
    from designate.producer.service import Service as Producer
    from designate.worker.service import Service as Worker

    if not ready.exists():
        DatabaseCommands().sync()
    Central().start()
    pools = config.parent / "pools.yaml"
    pools.write_text(yaml.safe_dump(_pool()))
    PoolCommands().update(str(pools), False)
    for service in (Worker(), Producer(), Mdns()):
        service.start()
    ready.touch()
    wsgi.serve(NAME, application, threads=8)


if __name__ == "__main__":
    main()
