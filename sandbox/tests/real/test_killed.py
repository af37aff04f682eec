"""A sandbox whose processes were all killed at once is taken up again, with the pods on its real nodes."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from sandbox.clusters.nodes import host
from sandbox.tests.fixtures import connected, processes_of, run_code, run_module, started
from sandbox.tests.magnum import Kubectl, Magnum, eventually
from sandbox.tests.real.conftest import PUSH
from sandbox.tests.real.pods import asked, pod, ready, service


def test_pods_run_again_and_are_reached(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with started(tmp_path_factory.mktemp("killed"), SANDBOX_REAL_NODES="1") as env:
        run_code(env, PUSH)
        made = Magnum(connected(env)).create("taken")
        assert made["status"] == "CREATE_COMPLETE", made["status_reason"]
        kubectl = Kubectl.of("taken", tmp_path, env)
        kubectl.apply(pod("front", restartPolicy="Always"), service("front"))
        ready(kubectl, "front")
        before = kubectl.get("pod", "front")["metadata"]["uid"]
        killed = processes_of(env, "")
        for process in killed:
            # Some end by themselves when another one is gone.
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(killed, timeout=30)
        run_module(env, "sandbox", "start")
        eventually(lambda: restarts(kubectl) == 1)
        ready(kubectl, "front")
        assert kubectl.get("pod", "front")["metadata"]["uid"] == before
        assert asked(kubectl, f"http://{kubectl.get('service', 'front')['spec']['clusterIP']}") == "front"
    home = env["SANDBOX_HOME"]
    assert not processes_of(env, "")
    assert home not in Path("/proc/mounts").read_text()
    assert not list(host.CGROUPS.glob(f"*/sandbox-{made['stack_id']}*"))


def restarts(kubectl: Kubectl) -> int:
    return int(kubectl.get("pod", "front")["status"]["containerStatuses"][0]["restartCount"])
