"""Magnum's conductor: carries out what the API passes on, and asks the driver how far things are.

Runs inside Magnum's process (magnum.py).
"""

# ruff: noqa: PLC0415 - Magnum reads its command line and settings as it is imported
# mypy: disable-error-code="import-not-found,import-untyped"
# (It is in the services' environment, not in the one of the tools.)

from __future__ import annotations

import functools
import logging
import threading
import time
from typing import Any

SYNC_INTERVAL_S = 1
"""How often the driver is asked for the state of what is in progress; every 10 s in a real Magnum, whose
operations take minutes."""
HEALTH_INTERVAL_S = 10

LOG = logging.getLogger(__name__)
_turn = threading.Lock()


def start(driver: str) -> None:
    """Begin to carry out orders, and to look after the clusters with the driver of this name."""
    _start_server()
    threading.Thread(target=_synchronise, args=(driver,), daemon=True).start()
    threading.Thread(target=_watch_health, daemon=True).start()


def _start_server() -> None:
    from magnum.common import rpc_service
    from magnum.conductor.handlers import (
        ca_conductor,
        cluster_conductor,
        conductor_listener,
        credential_conductor,
        federation_conductor,
        indirection_api,
        nodegroup_conductor,
    )
    from magnum.conf import CONF

    for module in (cluster_conductor, nodegroup_conductor):
        _take_turns(module.Handler)
    handlers = [
        module.Handler()
        for module in (
            indirection_api,
            cluster_conductor,
            conductor_listener,
            credential_conductor,
            ca_conductor,
            federation_conductor,
            nodegroup_conductor,
        )
    ]
    rpc_service.Service.create(CONF.conductor.topic, "sandbox", handlers, "magnum-conductor").start()


def _take_turns(handler: type) -> None:
    """Let what a client orders and what the driver reports change a cluster one after the other.

    Else a report, written from a row that was read a moment before, undoes the order; in a real Magnum, which
    asks its driver a tenth as often, that is rare.
    """

    def in_turn(order: Any) -> Any:
        @functools.wraps(order)
        def ordering(*args: Any, **kwargs: Any) -> Any:
            with _turn:
                return order(*args, **kwargs)

        return ordering

    for name, order in vars(handler).copy().items():
        if name.startswith(("cluster_", "nodegroup_")):
            setattr(handler, name, in_turn(order))


def _forget(admin: Any, cluster: Any) -> None:
    """Take a deleted cluster out of the database, as Magnum's own periodic task does."""
    from magnum.conductor.handlers.common import cert_manager
    from magnum.objects import NodeGroup

    cert_manager.delete_certificates_from_cluster(cluster, context=admin)
    for group in NodeGroup.list(admin, cluster.uuid):
        group.destroy()
    cluster.destroy()


def _synchronise(driver_name: str) -> None:
    """Ask the driver for the state of what is in progress, for ever: Magnum's periodic task, on our clock."""
    from magnum.common import context
    from magnum.drivers.common.driver import Driver
    from magnum.objects import Cluster
    from magnum.objects.fields import ClusterStatus

    admin = context.make_admin_context(all_tenants=True)
    context.set_ctx(admin)
    driver = Driver.get_driver("vm", "ubuntu", "kubernetes", driver_name)
    if hasattr(driver, "resume"):
        try:
            driver.resume(admin)
        except Exception:
            LOG.exception("The clusters of the last run were not all taken up again")
    states = [state for state in ClusterStatus.ALL if state.endswith("_IN_PROGRESS")]
    while True:
        try:
            for cluster in Cluster.list(admin, filters={"status": states}):
                with _turn:
                    _update(admin, driver, cluster.uuid)
        except Exception:
            LOG.exception("What is in progress could not be looked after")
        time.sleep(SYNC_INTERVAL_S)


def _update(admin: Any, driver: Any, uuid: str) -> None:
    from magnum.objects import Cluster
    from magnum.objects.fields import ClusterStatus

    try:
        cluster = Cluster.get_by_uuid(admin, uuid)
        if cluster.status.endswith("_IN_PROGRESS"):
            driver.update_cluster_status(admin, cluster)
        if cluster.status == ClusterStatus.DELETE_COMPLETE:
            _forget(admin, cluster)
    except Exception:
        LOG.exception("The state of cluster %s is not known", uuid)


def _watch_health() -> None:
    """Keep the health that the driver sees in each cluster's row, for ever."""
    from magnum.common import context
    from magnum.objects import Cluster
    from magnum.service.periodic import ClusterHealthUpdateJob

    admin = context.make_admin_context(all_tenants=True)
    context.set_ctx(admin)
    while True:
        try:
            for cluster in Cluster.list(admin):
                if cluster.api_address:
                    ClusterHealthUpdateJob(admin, cluster)._update_health_status()
        except Exception:
            LOG.exception("The clusters' health is not known")
        time.sleep(HEALTH_INTERVAL_S)
