"""A credential that the work would fail with is told before it begins, or Magnum's own reason is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from openstack.connection import Connection

from tests.lifecycle.lifecycle import clusters, inventory
from tests.stack import Gateway

CREDENTIALS: dict[str, dict[str, Any]] = {
    "no-balancer": {"roles": [{"name": "reader"}, {"name": "member"}]},
    "ends-today": {"lives": timedelta(hours=3)},
    "ends-soon": {"lives": timedelta(days=30, hours=1)},
    "ruled": {"access_rules": [{"service": "identity", "method": "GET", "path": "/v3/**"}]},
}
"""What each has that the sandbox's own has not."""


@pytest.fixture(scope="module")
def clouds(sandbox_env: dict[str, str], cloud: Connection, tmp_path_factory: Any) -> Iterator[Path]:
    """A clouds.yaml with these credentials, besides the sandbox's."""
    path = Path(sandbox_env["OS_CLIENT_CONFIG_FILE"])
    known = yaml.safe_load(path.read_text(encoding="utf-8"))
    identity: Any = cloud.identity
    made = []
    for name, has in CREDENTIALS.items():
        wanted = dict(has)
        lives = wanted.pop("lives", None)
        ends = {"expires_at": (datetime.now(UTC) + lives).strftime("%FT%T.000000")} if lives else {}
        made.append(
            identity.create_application_credential(
                cloud.current_user_id, name, unrestricted=True, **wanted, **ends
            )
        )
        auth = {**known["clouds"]["sandbox"]["auth"]}
        auth |= {"application_credential_id": made[-1].id, "application_credential_secret": made[-1].secret}
        known["clouds"][name] = {**known["clouds"]["sandbox"], "auth": auth}
    written = tmp_path_factory.mktemp("clouds") / "clouds.yaml"
    written.write_text(yaml.safe_dump(known), encoding="utf-8")
    yield written
    for credential in made:
        identity.delete_application_credential(cloud.current_user_id, credential.id)


@pytest.fixture(scope="module")
def gateway(new_gateway: Callable[[str], Gateway], clouds: Path) -> Gateway:
    """A gateway that knows all of them."""
    gateway = new_gateway("credential")
    return replace(gateway, env={**gateway.env, "OS_CLIENT_CONFIG_FILE": str(clouds)})


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sandbox-restricted", "openstack:cloud: needs an unrestricted application credential, since Magnum"),
        (
            "no-balancer",
            "openstack:cloud: needs a credential with the role load-balancer_member; it has member, reader",
        ),
        ("ends-today", "openstack:cloud: needs a credential that outlives a cluster's creation; this one"),
    ],
)
def test_refused(gateway: Gateway, cloud: Connection, name: str, words: str) -> None:
    before = inventory(cloud)
    gateway.change(lambda config: config.update({"openstack:cloud": name}))
    shown = gateway.up(code=1)
    assert words in shown
    assert "1 mistake in the settings of this stack; nothing was changed" in shown
    assert inventory(cloud) == before


def test_access_rules_are_told_though_they_hide_the_rest(gateway: Gateway) -> None:
    gateway.change(lambda config: config.update({"openstack:cloud": "ruled"}))
    assert "openstack:cloud: needs an application credential without access rules" in gateway.up(code=1)


def test_one_that_ends_soon_is_a_warning(gateway: Gateway) -> None:
    gateway.change(lambda config: config.update({"openstack:cloud": "ends-soon"}))
    shown = gateway.pulumi("preview")
    assert "openstack:cloud: the application credential ends on 20" in shown
    assert "in 30 days; from then on neither `pulumi up` nor `pulumi destroy` can log in with it" in shown


def test_what_only_creation_tells_has_magnums_reason(
    gateway: Gateway, cloud: Connection, faults: Path
) -> None:
    gateway.change(lambda config: config.update({"openstack:cloud": "sandbox"}))
    (faults / "credential").write_text("trust")
    shown = gateway.up(code=1)
    (faults / "credential").unlink()
    assert "openstack_containerinfra_cluster_v1 is in an error state" in shown
    assert "Delegated tokens cannot manage trusts" in shown, (
        "Keystone's words, by way of Magnum's status_reason"
    )
    (failed,) = clusters(cloud, "credential")
    assert failed.status == "CREATE_FAILED"
