"""The job that takes snapshots of homes: of which, how many stay, and what it does where Cinder refuses."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from components.backup import job
from components.backup.backup import FILES
from components.homes import metadata as kept_homes
from tests.unit.conftest import OWNER, ROOT
from tests.unit.volumes import CLUSTER, csi

TOLD = {
    "AUTH_URL": "https://cloud.test:5000/v3/",
    "VOLUMES_URL": "https://cloud.test:8776/v3/p-1",
    "CREDENTIAL_ID": "c",
    "CREDENTIAL_SECRET": "s",
    "GATEWAY": "gw25",
    "STACK": "gateway/dev",
    "CLUSTER": CLUSTER,
    "NAMESPACE": "jhub",
    "KEEP": "2",
}
PAGE = 2


class Cinder:
    """Keystone and Cinder of version 3.0, in pages of two; a snapshot is there one look later."""

    def __init__(self) -> None:
        self.volumes = [
            self.volume("v-1", csi("claim-ann")),
            self.volume("v-2", csi("claim-bob"), "in-use"),
            self.volume("v-3", kept_homes.owned(OWNER, "claim-cid")),
            self.volume("v-db", csi("hub-db-dir")),
            self.volume("v-other", csi("claim-ann", cluster="shop-abcdefghijkl")),
            self.volume("v-else", csi("data", namespace="elsewhere")),
            self.volume("v-going", csi("claim-dan"), "deleting"),
            self.volume("v-was", {**csi(""), kept_homes.REPLACED: "claim-ann"}),
        ]
        self.volumes[-1]["metadata"].pop(kept_homes.CSI_CLAIM)
        self.snapshots: list[dict[str, Any]] = []
        self.full: set[str] = set()
        self.broken = False
        self.clock = 0

    @staticmethod
    def volume(key: str, metadata: dict[str, str], status: str = "available") -> dict[str, Any]:
        return {"id": key, "metadata": metadata, "status": status}

    def request(self, method: str, url: str, **told: Any) -> requests.Response:
        assert told["timeout"] > 0
        answer = requests.Response()
        answer.status_code = 200
        body: dict[str, Any] = {}
        if url == "https://cloud.test:5000/v3/auth/tokens":
            identity = told["json"]["auth"]["identity"]
            assert identity["application_credential"] == {"id": "c", "secret": "s"}
            answer.headers["X-Subject-Token"] = "token"
        elif method == "GET":
            kind = url.removeprefix("https://cloud.test:8776/v3/p-1/").removesuffix("/detail")
            things = list(getattr(self, kind))
            ids = [one["id"] for one in things]
            begin = ids.index(told["params"]["marker"]) + 1 if told["params"] else 0
            body = {kind: [dict(one) for one in things[begin : begin + PAGE]]}
            for one in things[begin : begin + PAGE]:
                if one["status"] == "creating":
                    one["status"] = "error" if self.broken else "available"
        elif method == "POST":
            assert url == "https://cloud.test:8776/v3/p-1/snapshots"
            body = {"snapshot": self.made(**told["json"]["snapshot"])}
            if body["snapshot"]["volume_id"] in self.full:
                self.snapshots.pop(0)
                answer.status_code, body = 413, {"overLimit": {"message": "Snapshot quota exceeded"}}
        else:
            key = url.rpartition("/")[2]
            self.snapshots = [one for one in self.snapshots if one["id"] != key]
        answer._content = json.dumps(body).encode()
        return answer

    def made(self, force: bool = True, **fields: Any) -> dict[str, Any]:
        assert force, "a home in use has no snapshot without it"
        self.clock += 1
        made = {"id": f"s-{self.clock}", "status": "creating", "created_at": f"2027-01-01T00:{self.clock:02}"}
        self.snapshots.insert(0, {**made, **fields})  # Cinder lists the newest first
        return self.snapshots[0]

    def of(self, claim: str) -> list[str]:
        """Ids of a home's snapshots, oldest first."""
        return sorted(one["id"] for one in self.snapshots if one["metadata"][kept_homes.CLAIM] == claim)


@pytest.fixture
def cinder(monkeypatch: pytest.MonkeyPatch) -> Cinder:
    cloud = Cinder()
    monkeypatch.setattr(requests.Session, "request", lambda _, *words, **told: cloud.request(*words, **told))
    monkeypatch.setattr(job, "POLL_SECONDS", 0)
    for key, text in TOLD.items():
        monkeypatch.setenv(key, text)
    return cloud


def test_every_home_and_nothing_else_has_a_snapshot_with_its_owners_name(cinder: Cinder) -> None:
    assert job.main() == 0
    assert {one["volume_id"]: one["metadata"] for one in cinder.snapshots} == {
        key: {**OWNER.marks, kept_homes.CLAIM: claim}
        for key, claim in {"v-1": "claim-ann", "v-2": "claim-bob", "v-3": "claim-cid"}.items()
    }
    assert all(one["name"].startswith("gw25-claim-") for one in cinder.snapshots)


def test_only_the_oldest_beyond_keep_go_when_the_new_one_is_there(cinder: Cinder) -> None:
    others = [
        cinder.made(metadata={"gateway": "shop", kept_homes.CLAIM: "claim-ann"}, volume_id="v-other")
        for _ in range(3)
    ]
    for _ in range(3):
        assert job.main() == 0
    assert cinder.of("claim-ann") == sorted([*(one["id"] for one in others), "s-7", "s-10"])
    assert cinder.of("claim-bob") == ["s-11", "s-8"]
    cinder.snapshots[0]["status"] = "error"
    broken = cinder.snapshots[0]["id"]
    assert job.main() == 0
    assert broken not in [one["id"] for one in cinder.snapshots]


def test_a_home_that_gets_none_keeps_what_it_has_and_the_others_get_theirs(
    cinder: Cinder, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        job.main()
    before = cinder.of("claim-ann")
    cinder.full = {"v-1"}
    assert job.main() == 1
    assert cinder.of("claim-ann") == before
    assert len(cinder.of("claim-bob")) == 2
    assert "home claim-ann has no new snapshot: 413" in capsys.readouterr().out


def test_a_snapshot_that_is_not_ready_in_time_is_told(
    cinder: Cinder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(job, "READY_SECONDS", -1)
    assert job.main() == 1
    assert "not ready in time: s-1, s-2, s-3" in capsys.readouterr().out


def test_a_snapshot_that_fails_is_told_and_removed(cinder: Cinder) -> None:
    cinder.broken = True
    assert job.main() == 1
    assert cinder.snapshots == []


def test_a_cloud_that_does_not_answer_deletes_nothing(
    cinder: Cinder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> requests.Response:
        raise requests.ConnectionError("no route")

    monkeypatch.setattr(requests.Session, "request", refuse)
    assert job.main() == 1
    assert "the cloud does not answer: no route" in capsys.readouterr().out


def test_the_pod_has_every_module_that_the_job_imports(tmp_path: Path) -> None:
    for file in FILES:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    done = subprocess.run(
        [sys.executable, "-c", "import components.backup.job as job; print(job.__file__)"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.startswith(str(tmp_path))
