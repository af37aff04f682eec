"""The sandbox's chart of the hub takes our values as the real one does."""

from __future__ import annotations

from components.charts.versions import JUPYTERHUB
from components.cluster.nodegroup import NODE_GROUP_LABEL
from sandbox.tests.charts import needs_helm, rendered
from tests.unit.hub import make_values

pytestmark = needs_helm


def test_the_hub_goes_where_the_values_say() -> None:
    objects = rendered(JUPYTERHUB, "jhub", make_values())
    core = [("Deployment", "hub"), ("Deployment", "proxy"), ("Deployment", "user-scheduler")]
    users = [("StatefulSet", "user-placeholder"), ("DaemonSet", "continuous-image-puller")]
    for keys, group in ((core, "default-worker"), (users, "mediums")):
        for key in keys:
            spec = objects[key]["spec"]["template"]["spec"]
            assert spec["nodeSelector"] == {NODE_GROUP_LABEL: group}
            assert "affinity" not in spec
    placeholder = objects["StatefulSet", "user-placeholder"]["spec"]
    (container,) = placeholder["template"]["spec"]["containers"]
    assert (placeholder["replicas"], container["resources"]["requests"]["cpu"]) == (1, "7")
    pulled = objects["DaemonSet", "hook-image-puller"]["spec"]["template"]["spec"]["initContainers"]
    assert {part["name"] for part in pulled} >= {"image-pull-idv-cave", "image-pull-hawkeye"}
    assert objects["Ingress", "jupyterhub"]["spec"]["rules"][0]["host"] == "gw25.zone.test"
    assert objects["Service", "proxy-public"]["spec"]["type"] == "ClusterIP"
    assert objects["PersistentVolumeClaim", "hub-db-dir"]["spec"]["storageClassName"] == "default"
