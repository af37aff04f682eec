"""What is wrong with the credential, told before anything is created."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from unittest.mock import Mock

import pulumi
import pytest
from openstack.exceptions import ForbiddenException

from tests.unit.cloud import Cloud, look, refusal, thing


def credential(*, unrestricted: bool = True, ends_in: timedelta | None = None) -> SimpleNamespace:
    """An application credential as Keystone describes it."""
    ends = (datetime.now(UTC) + ends_in).replace(tzinfo=None).isoformat() if ends_in else None
    return thing(id="ac-1", unrestricted=unrestricted, expires_at=ends)


def test_what_magnum_and_octavia_would_refuse_is_told_before(answering: Cloud) -> None:
    answering.credential = credential(unrestricted=False, ends_in=timedelta(hours=3))
    answering.balancers_allowed = False
    text = refusal()
    assert text.startswith("3 mistakes")
    for words in (
        "openstack:cloud: needs an unrestricted application credential, since Magnum makes the cluster's own",
        "openstack:cloud: needs a credential with the role load-balancer_member; it has member, reader",
        "openstack:cloud: needs a credential that outlives a cluster's creation; this one ends at 20",
    ):
        assert words in text


def test_access_rules_may_hide_the_rest(answering: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    answering.credential, answering.rules = credential(), ["GET /v1/clusters"]
    refusing = Mock(side_effect=ForbiddenException("Policy does not allow this request to be performed."))
    monkeypatch.setattr(answering, "load_balancer", thing(load_balancers=refusing, get_quota=refusing))
    text = refusal()
    assert text.startswith("1 mistake")
    assert "openstack:cloud: needs an application credential without access rules" in text


@pytest.mark.parametrize(
    ("ends_in", "days"), [(None, None), (timedelta(days=91), None), (timedelta(days=30, hours=1), 30)]
)
def test_a_credential_that_ends_soon_is_told(
    answering: Cloud, monkeypatch: pytest.MonkeyPatch, ends_in: timedelta | None, days: int | None
) -> None:
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    answering.credential = credential(ends_in=ends_in)
    look()
    assert len(told) == (days is not None)
    assert all("the application credential ends on 20" in text and f"in {days} days" in text for text in told)
