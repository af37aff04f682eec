"""What the stack's state gives away, how its secrets are changed, and that it can live in an S3 bucket."""

from __future__ import annotations

import json
import secrets
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import layout
from sandbox.tests.magnum import eventually
from sandbox.tools import programs
from tests.lifecycle.hub_secrets import PULL_SECRET, client_key, hub_secrets, new_secrets, set_secrets
from tests.lifecycle.search import Search
from tests.stack import Gateway

NAME = "secretive"
NEXT = new_secrets()
"""What they are changed to."""
ROTATED = {f"next {key}": secret for key, secret in NEXT.items()}
"""The same, by other names than those that they replace, for a search."""
BUCKET = "gateway-state"


@pytest.fixture(scope="module")
def given() -> dict[str, str]:
    """The secrets that the gateway is given at first."""
    return new_secrets()


@pytest.fixture(scope="module")
def known(sandbox_env: dict[str, str], given: dict[str, str]) -> dict[str, str]:
    """All secrets that nobody may see."""
    clouds = yaml.safe_load(Path(sandbox_env["OS_CLIENT_CONFIG_FILE"]).read_text(encoding="utf-8"))
    credential = clouds["clouds"]["sandbox"]["auth"]["application_credential_secret"]
    return {**given, "application credential": credential}


@pytest.fixture(scope="module")
def search(known: dict[str, str]) -> Search:
    """What saw the processes during the cycle, and is shown the rest after it."""
    return Search(known)


@pytest.fixture(scope="module")
def gateway(
    new_gateway: Callable[[str], Gateway],
    given: dict[str, str],
    search: Search,
    tmp_path_factory: pytest.TempPathFactory,
) -> Gateway:
    """A gateway with secrets of its own that went through preview, `up`, `up` and a preview with refresh."""
    gateway = new_gateway(NAME)
    gateway.env = {**gateway.env, "TMPDIR": str(tmp_path_factory.mktemp("temporary"))}
    login = {"registry": "registry.test/gateway", "registryUser": "robot"}
    gateway.change(lambda config: config["gateway:images"].update(login))
    with search.watching():
        set_secrets(gateway, given)
        shown = [
            gateway.pulumi("preview", "--diff"),
            gateway.up("--diff", "--show-full-output"),
            gateway.up("--expect-no-changes"),
            gateway.pulumi("preview", "--refresh", "--diff"),
            gateway.pulumi("stack", "output"),
            gateway.pulumi("config"),
            gateway.run("pulumi", "stack", "export", "--stack", NAME).stdout,
        ]
    for text in shown:
        search.look("what was printed", text.encode())
    return gateway


def test_the_search_finds_what_is_there(gateway: Gateway, known: dict[str, str], tmp_path: Path) -> None:
    control = Search({**known, "client key": client_key(gateway)})
    (tmp_path / "outputs").write_text(json.dumps(gateway.outputs()))
    secrets_there = gateway.kubectl("get", "secret", "hub", PULL_SECRET, "-n", "jhub")
    (tmp_path / "hub").write_text(json.dumps(secrets_there))
    control.files([tmp_path])
    with subprocess.Popen(["sleep", "60"], env={"P": known["adminPassword"]}) as sleeping:
        control.processes()
        sleeping.kill()
    names = {found.split(" in ")[0] for found in control.found}
    assert names == {"adminPassword", "userPassword", "cookieSecret", "registryPassword", "client key"}
    assert "adminPassword in environment of b'sleep\\x0060\\x00'" in control.found


def written_by(gateway: Gateway) -> list[Path]:
    """The folders that the gateway's commands write to.

    Taken out of them: the tests' own kubeconfig, and those that the Kubernetes provider leaves in the folder
    for temporary files, for its owner only (docs/faults.md).
    """
    (gateway.folder / "kubeconfig").unlink(missing_ok=True)
    for left in Path(gateway.env["TMPDIR"]).glob("kubeconfig*"):
        assert stat.S_IMODE(left.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR, left
        left.unlink()
    home = Path(gateway.env["SANDBOX_HOME"])
    own = (home / "run" / "state", home / "run" / "logs", home / "pulumi")
    return [gateway.folder, *own, Path(gateway.env["TMPDIR"])]


def test_no_secret_in_plain_text(gateway: Gateway, search: Search) -> None:
    folders = written_by(gateway)
    search.files(folders)
    kubeconfig = Search({"client key": client_key(gateway)})
    kubeconfig.files(folders)
    assert search.found | kubeconfig.found == set()


def test_the_hubs_secrets_rotate_under_a_running_user(gateway: Gateway, given: dict[str, str]) -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "jupyter-user1", "labels": {"component": "singleuser-server"}},
        "spec": {
            "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "notebook",
                    "image": "notebook",
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
            ],
        },
    }
    (gateway.folder / "user.json").write_text(json.dumps(pod))
    before = gateway.kubectl("apply", "-n", "jhub", "-f", "user.json")["metadata"]["uid"]
    assert hub_secrets(gateway) == given
    set_secrets(gateway, NEXT)
    replaced = {line.split()[2] for line in gateway.up().splitlines() if " replaced (" in line}
    assert replaced <= {f"{NAME}-hub-registry"}
    assert hub_secrets(gateway) == NEXT
    assert gateway.outputs()["hub_admin_password"] == NEXT["adminPassword"]
    assert gateway.kubectl("get", "pod", "-n", "jhub", "jupyter-user1")["metadata"]["uid"] == before
    gateway.up("--expect-no-changes")
    # Without the setting the hub goes on with what it has, so that nobody has to log in again.
    gateway.change(lambda config: config.pop("gateway:cookieSecret"))
    gateway.up()
    assert hub_secrets(gateway) == NEXT


def test_all_pods_pull_with_the_registrys_login(gateway: Gateway) -> None:
    pods = gateway.kubectl("get", "pods", "-n", "jhub", "-l", "app=jupyterhub")["items"]
    components = {pod["metadata"]["labels"]["component"] for pod in pods}
    assert {"hub", "proxy", "continuous-image-puller"} <= components
    assert all(pod["spec"]["imagePullSecrets"] == [{"name": PULL_SECRET}] for pod in pods)


def test_kubeconfig_is_signed_anew(gateway: Gateway) -> None:
    old, before = client_key(gateway), gateway.resources()

    def renew(config: dict[str, Any]) -> None:
        config["gateway:cluster"]["kubeconfigGeneration"] = 2

    gateway.change(renew)
    gateway.up()
    assert client_key(gateway) != old
    assert gateway.kubectl("get", "namespace", "jhub")["metadata"]["name"] == "jhub"
    after = gateway.resources()
    assert {name for name in before if after[name] != before[name]} <= {f"{NAME}-kubeconfig"}
    gateway.up("--expect-no-changes")


@pytest.fixture(scope="module")
def bucket(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables that lead to a bucket of a real S3 server, empty at first; `FOLDER` is where it keeps it."""
    server = programs.s3()
    if not server.done():
        server.run(lambda _: None)
        server.finish()
    folder = tmp_path_factory.mktemp("s3")
    (folder / BUCKET).mkdir()
    port, keys = layout.port("s3"), {"access": "gateway", "secret": secrets.token_hex(16)}
    process = subprocess.Popen(
        [server.outputs[0], "--port", f"127.0.0.1:{port}", "posix", folder],
        env={"ROOT_ACCESS_KEY": keys["access"], "ROOT_SECRET_KEY": keys["secret"]},
    )
    query = f"endpoint=http://127.0.0.1:{port}&disableSSL=true&s3ForcePathStyle=true&region=us-east-1"
    try:
        yield {
            "PULUMI_BACKEND_URL": f"s3://{BUCKET}?{query}",
            "AWS_ACCESS_KEY_ID": keys["access"],
            "AWS_SECRET_ACCESS_KEY": keys["secret"],
            "FOLDER": str(folder / BUCKET),
        }
    finally:
        process.kill()
        process.wait()


def test_state_moves_to_an_s3_bucket(gateway: Gateway, bucket: dict[str, str], known: dict[str, str]) -> None:
    exported = gateway.folder / "state.json"
    gateway.run("pulumi", "stack", "export", "--stack", NAME, "--file", str(exported))
    moved = Gateway(name=NAME, folder=gateway.folder, env={**gateway.env, **bucket})
    eventually(lambda: subprocess.run(["pulumi", "whoami"], env=moved.env, check=False).returncode == 0)
    moved.pulumi("stack", "init")
    moved.run("pulumi", "stack", "import", "--stack", NAME, "--file", str(exported))
    moved.up("--refresh", "--expect-no-changes")
    assert moved.outputs() == gateway.outputs()
    kept = Path(bucket["FOLDER"])
    assert (kept / ".pulumi" / "stacks" / "gateway" / f"{NAME}.json").exists()
    search = Search({**known, **ROTATED, "client key": client_key(moved)})
    search.files([kept])
    assert search.found == set()


def test_no_secret_in_plain_text_when_it_is_destroyed(gateway: Gateway, known: dict[str, str]) -> None:
    search = Search({**known, **ROTATED, "client key": client_key(gateway)})
    with search.watching():
        shown = gateway.pulumi("destroy", "--yes", "--skip-preview")
    search.look("what was printed", shown.encode())
    search.files(written_by(gateway))
    assert search.found == set()
