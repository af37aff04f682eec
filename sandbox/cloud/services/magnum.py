"""Magnum, the real one: run as a module it serves its API and conductor in one process.

One process, because its messages travel inside it (`fake://`): there is no RabbitMQ in the sandbox.
"""

# ruff: noqa: PLC0415 - the service reads its command line and settings as it is imported
# mypy: disable-error-code="import-not-found,import-untyped"
# (It is in the services' environment, not in the one of the tools.)

from __future__ import annotations

import logging
import shutil
import sys
import time
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.cloud import settings
from sandbox.cloud.services import conductor, sqlite, wsgi

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NAME = "magnum"
DRIVER = "sandbox"
_DRIVER_CLASS = "sandbox.clusters.magnum.driver:Driver"
_READS = 20
_WRITING_S = 0.1
"""How often, and after how many seconds each, a read is repeated that met a cluster half written."""

LOG = logging.getLogger(__name__)


def _configure() -> Path:
    credentials = settings.service_credentials(NAME)
    home = settings.HOME / NAME
    return settings.write_config(
        NAME,
        {
            "DEFAULT": {**settings.IN_ONE_PROCESS, "state_path": home},
            "database": {"connection": settings.database_url(NAME), "sqlite_synchronous": False},
            "oslo_messaging_notifications": {"driver": "noop"},
            "oslo_concurrency": {"lock_path": home / "locks"},
            "api": {"api_paste_config": Path(sys.prefix) / "etc" / NAME / "api-paste.ini"},
            # `local` is broken in this release, barbican would be one more service.
            "certificates": {"cert_manager_type": "x509keypair"},
            "quotas": {
                "max_clusters_per_project": settings.CATALOGUE["quotas"]["container-infra"]["clusters"]
            },
            "drivers": {"default_driver": DRIVER},
            "keystone_auth": credentials,
            "keystone_authtoken": {**credentials, "www_authenticate_uri": settings.url("identity")},
            "cinder": {"default_boot_volume_size": 0},
            **{
                f"{client}_client": {"region_name": settings.REGION, "endpoint_type": "publicURL"}
                for client in ("magnum", "glance", "nova", "neutron", "octavia", "cinder")
            },
        },
    )


def _register_driver() -> None:
    """Let Magnum find our driver by its entry point, without a pip install: by metadata on sys.path."""
    metadata = settings.HOME / NAME / "drivers" / "sandbox_driver-1.dist-info"
    metadata.mkdir(parents=True, exist_ok=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sandbox-driver\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[magnum.drivers]\n{DRIVER} = {_DRIVER_CLASS}\n")
    sys.path.append(str(metadata.parent))


def _create_database() -> None:
    """Make the tables by the models, since Magnum's migrations do not run on sqlite."""
    from magnum.db.sqlalchemy import models
    from oslo_db.sqlalchemy import enginefacade

    models.Base.metadata.create_all(enginefacade.writer.get_engine())


def _close_list_queries() -> None:
    """Keep the session open around two reads of Magnum 23 that run their query after they have left it.

    Such a query opens a transaction that nobody ends: on sqlite it holds the lock until it is collected.
    """
    from magnum.db.sqlalchemy import api

    def in_session(read: Any) -> Any:
        def reading(*args: Any, **kwargs: Any) -> Any:
            with api._session_for_read():
                return read(*args, **kwargs)

        return reading

    for name in ("get_cluster_template_list", "get_cluster_stats"):
        setattr(api.Connection, name, in_session(getattr(api.Connection, name)))


def _answer_after_the_row_exists() -> None:
    """Do what Magnum's API only casts before it answers 202.

    Clients poll at once: they read the 404 of a row that is not yet there as a deleted cluster, and a state
    that has not begun to change as a refusal. A failure is for Magnum to record in that row, as after a cast.
    """
    from magnum.conductor.api import API

    def waiting(call: Any) -> Any:
        def cast(self: Any, *args: Any) -> None:
            try:
                call(self, *args)
            except Exception:
                LOG.exception("%s failed; its state tells the client", call.__name__)

        return cast

    for call in (
        "cluster_create",
        "cluster_delete",
        "nodegroup_create",
        "nodegroup_delete",
        "nodegroup_update",
    ):
        setattr(API, f"{call}_async", waiting(getattr(API, call)))


def _whole_reads(app: WSGIApplication) -> WSGIApplication:
    """Repeat a read that fell between the writing of a cluster and of its node groups.

    Magnum answers it with 400 (a cluster must have a master), and clients give up.
    """
    from webob import Request

    def read(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        response = request.get_response(app)
        for _ in range(_READS if request.method == "GET" else 0):
            if response.status_code != HTTPStatus.BAD_REQUEST or b"master_count" not in response.body:
                break
            time.sleep(_WRITING_S)
            response = request.get_response(app)
        answer: Iterable[bytes] = response(environ, start_response)
        return answer

    return read


def main() -> None:
    """Serve Magnum until the process ends."""
    ready = settings.HOME / NAME / "ready"
    if not ready.exists():
        shutil.rmtree(ready.parent, ignore_errors=True)
    config = _configure()
    _register_driver()
    sys.argv = [NAME, "--config-file", str(config)]  # Magnum reads it
    sqlite.take_turns()
    from oslo_service import backend

    backend.init_backend(backend.BackendType.THREADING)
    from magnum.api import app
    from magnum.common import service

    service.prepare_service(sys.argv)
    if not ready.exists():
        _create_database()
        ready.touch()
    _close_list_queries()
    _answer_after_the_row_exists()
    conductor.start(DRIVER)
    wsgi.serve(NAME, _whole_reads(app.load_app()), threads=8)


if __name__ == "__main__":
    main()
