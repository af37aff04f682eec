"""The survey of the cloud: what it finds, and what it says when something is not there."""

from __future__ import annotations

from typing import Any

import pytest
from keystoneauth1.exceptions import ConnectFailure

from components.charts.install import version_mistakes
from components.charts.versions import needed
from components.cloud import survey as cloud
from components.cloud.existing import Existing, ExistingCluster, ExistingNodeGroup
from components.settings.errors import Mistake, SettingsError
from tests.unit.cloud import Cloud, cluster, flavor, group, look, record, refusal, template, thing
from tests.unit.conftest import OWNER


def test_names_become_ids(answering: Cloud) -> None:
    wanted = cloud.Survey(owner=OWNER, template_id="template-uuid", zone_id="zone-uuid", servers=[])
    assert look() == wanted


def test_all_that_is_not_there_is_told_at_once(answering: Cloud) -> None:
    answering.templates = [template("kubernetes-1-33-jammy", "x")]
    answering.zone_list, answering.flavor_list, answering.subnet_list = [], [flavor("m3.quad", 4, 15)], []
    text = refusal()
    assert text.startswith("4 mistakes")
    for words in (
        "gateway:cluster.template: must be a cluster template of this cloud (kubernetes-1-33-jammy)",
        "gateway:zone: must be a DNS zone of this cloud (none)",
        "gateway:nodeGroups[0].flavor: must be a flavor of this cloud (m3.quad), got 'm3.medium'",
        "gateway:network.subnet: must be a subnet of this cloud (none)",
    ):
        assert words in text


@pytest.mark.parametrize(("plugin", "told"), [("calico", 0), ("cilium", 0), ("flannel", 1)])
def test_a_network_plugin_without_policies_is_a_warning(
    answering: Cloud, warned: list[str], plugin: str, told: int
) -> None:
    answering.templates[0].network_driver = plugin
    look()
    assert len(warned) == told
    assert all("reach each other" in text for text in warned)


def test_flavors_are_novas(answering: Cloud) -> None:
    answering.flavor_list += [flavor("own.large", 16, 60), flavor("own.tiny", 1, 1)]
    seen: list[Any] = []

    def fit(flavors: Any, _: Any) -> list[Mistake]:
        seen.extend(flavors.values())
        return [Mistake(key="profile", rule="must fit")]

    answering.zone_list = []
    with pytest.raises(SettingsError) as refused:
        look(fit=fit)
    assert "2 mistakes" in str(refused.value), "all are told at once"
    assert [(f.name, f.vcpu, f.gib) for f in seen] == [
        ("own.tiny", 1, 1),
        ("m3.quad", 4, 15),
        ("m3.medium", 8, 30),
        ("own.large", 16, 60),
    ]
    assert (str(seen[0].room), str(seen[1].room)) == ("0.5 CPU", "3.5 CPU and 13.5 GiB")


def test_unreachable_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Any) -> None:
        raise ConnectFailure("Unable to establish connection to https://cloud.test:5000/v3/")

    monkeypatch.setattr(cloud, "connect", refuse)
    text = refusal()
    assert "openstack:cloud: must name a cloud of clouds.yaml that answers (Unable to establish" in text
    assert "got 'openstack'" in text


def test_what_the_gateway_made_before_is_found(answering: Cloud) -> None:
    answering.cluster_list = [cluster(status="CREATE_IN_PROGRESS")]
    answering.cluster_list[0].labels |= {"gateway_attempt": "2", "from_template": "x"}
    answering.groups = [
        group(name="default-worker", uuid="n-0", is_default=True, node_count=1),
        group(name="mediums", uuid="n-1", labels={"gateway_attempt": "2", "gateway_group_attempt": "3"}),
        group(name="larges", uuid="n-2", status="CREATE_FAILED"),
        group(name="smalls", uuid="n-3", status="DELETE_IN_PROGRESS"),
    ]
    answering.ip_list = [
        thing(id="other", description="mine", floating_network_id="public-uuid"),
        thing(id="a-1", description=OWNER.description, floating_network_id="public-uuid"),
    ]
    answering.records = [record()]
    assert look().existing == Existing(
        cluster=ExistingCluster(id="c-1", template_id="template-uuid", attempt=2),
        address="a-1",
        record="zone-uuid/r-1",
        node_groups={
            "mediums": ExistingNodeGroup(id="c-1/n-1", flavor="m3.medium", attempt=3),
            "larges": ExistingNodeGroup(id="c-1/n-2", flavor="m3.medium", failed=True),
        },
    )


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"labels": {}}, "is the name of a cluster that no gateway created"),
        ({"status": "DELETE_IN_PROGRESS"}, "in DELETE_IN_PROGRESS; wait until"),
        (
            {"labels": {**OWNER.marks, "boot_volume_size": "20"}},
            "gateway:cluster.labels.boot_volume_size: must be 20, what the cluster has",
        ),
        (
            {"labels": {**OWNER.marks, "boot_volume_size": "60", "auto_scaling_enabled": "false"}},
            "gateway:nodeGroups[0].max: must be its min, since the cluster was made without autoscaling",
        ),
        ({"flavor_id": "m3.large"}, "gateway:cluster.flavor: must be m3.large, what the cluster has"),
        ({"master_flavor_id": "m3.large"}, "gateway:cluster.masterFlavor: must be m3.large"),
        ({"master_count": 3}, "gateway:cluster.masters: must be 3"),
        ({"fixed_network": "mine"}, "gateway:network.fixed: must be mine"),
        ({"fixed_subnet": "mine"}, "gateway:network.subnet: must be mine"),
        (
            {"cluster_template_id": "newer"},
            "gateway:cluster.template: must be kubernetes-1-35-noble, what the cluster has",
        ),
    ],
)
def test_a_cluster_in_the_way(answering: Cloud, fields: dict[str, Any], words: str) -> None:
    answering.templates.append(template("kubernetes-1-35-noble", "newer"))
    answering.cluster_list = [cluster(**fields)]
    assert words in refusal()


def test_a_cluster_of_a_template_that_is_not_offered_any_more(answering: Cloud) -> None:
    answering.templates, answering.cluster_list = [], [cluster(cluster_template_id="gone")]
    assert look().template_id == "gone"


def test_of_a_cluster_that_failed_all_may_change(answering: Cloud) -> None:
    failed = cluster(status="CREATE_FAILED", flavor_id="m3.large", cluster_template_id="gone")
    answering.cluster_list = [failed]
    assert look().template_id == "template-uuid"


def test_a_template_tells_its_version_of_kubernetes(answering: Cloud) -> None:
    told: list[str | None] = []

    def fit(_: Any, kubernetes: str | None) -> list[Mistake]:
        told.append(kubernetes)
        return []

    look(fit=fit)
    answering.templates[0].labels["kube_tag"] = "v1.34.6"
    look(fit=fit)
    answering.image_properties["kube_version"] = "v1.34.7"  # Magnum's driver goes by the image
    look(fit=fit)
    assert told == [None, "1.34.6", "1.34.7"]


@pytest.mark.parametrize(
    ("kubernetes", "words"),
    [
        ("1.27.9", ["charts need at least jupyterhub 1.28"]),
        ("1.9.0", ["charts need at least ingress-nginx 1.21, cert-manager 1.22, jupyterhub 1.28"]),
        ("1.28.0", []),
        ("1.34.6", []),
        (None, []),
        ("stable", []),
    ],
)
def test_a_kubernetes_that_is_too_old_for_a_chart(kubernetes: str | None, words: list[str]) -> None:
    texts = [str(mistake) for mistake in version_mistakes(kubernetes, needed("nginx", monitoring=False))]
    assert len(texts) == len(words)
    assert all(word in text for word, text in zip(words, texts, strict=True))


def test_workers_are_changed_by_a_resize_only(answering: Cloud) -> None:
    answering.cluster_list = [cluster()]
    answering.groups = [{"name": "default-worker", "uuid": "n-0", "node_count": 2}]
    assert "gateway:cluster.workers: must be 2, what the cluster has" in refusal()


@pytest.mark.parametrize("of_type", ["A", "AAAA", "CNAME"])
def test_a_record_in_the_way(answering: Cloud, of_type: str) -> None:
    answering.records = [record(description="", type=of_type)]
    assert "is the name of a record that no gateway created" in refusal()
