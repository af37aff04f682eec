"""Whether Prometheus' volume can have the size that the settings want."""

from __future__ import annotations

from typing import Any

from kubernetes import client
from kubernetes.utils.quantity import parse_quantity

from components.charts.versions import PROMETHEUS
from components.cluster.access import ANSWER_SECONDS
from components.settings.errors import Mistake
from components.settings.extras.monitoring import Monitoring

CLAIM = "prometheus-server"
"""As the chart calls it."""
GIB = 2**30


def volume_mistakes(wanted: Monitoring, connection: client.ApiClient) -> list[Mistake]:
    """That it would have to shrink, or to grow where its storage class does not let it.

    Raises what the cluster's client raises.
    """
    named: Any = client.CoreV1Api(connection).list_namespaced_persistent_volume_claim(
        PROMETHEUS.release, field_selector=f"metadata.name={CLAIM}", _request_timeout=ANSWER_SECONDS
    )
    if not wanted.enabled or not named.items:
        return []
    spec = named.items[0].spec
    size = parse_quantity(spec.resources.requests["storage"])  # type: ignore[no-untyped-call]  # as in the client
    has = float(size) / GIB
    rule = ""
    if wanted.size_gib < has:
        rule = f"must be at least {has:g}, what the volume has: it can't shrink"
    elif wanted.size_gib > has:
        classes: Any = client.StorageV1Api(connection).list_storage_class(_request_timeout=ANSWER_SECONDS)
        growing = [one.metadata.name for one in classes.items if one.allow_volume_expansion]
        if spec.storage_class_name not in growing:
            rule = f"must be {has:g}: storage class {spec.storage_class_name} does not let the volume grow"
    return [Mistake(key="gateway:monitoring.sizeGib", rule=rule, value=wanted.size_gib)] if rule else []
