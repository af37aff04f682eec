"""`python -m sandbox`: start and end the sandbox, and deploy the gateway in it."""

from __future__ import annotations

import json
import operator
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from sandbox import address, cloud, containers, layout, processes, shell
from sandbox.clusters import acme
from sandbox.clusters.nodes import host, kubelets
from sandbox.containers import chosen, system
from sandbox.tools import toolchain
from sandbox.tools.steps import ToolchainError

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)

OPEN_S = 300
"""How long the gateway's URL may take to answer after `pulumi up`."""

OPEN = """
The gateway is up: {url}
  user {user}; the password: pulumi stack output hub_admin_password --show-secrets
  Its certificate is of this sandbox's own authority ({authority}): a browser asks whether to go on.
  `make sandbox-open` opens it in Chromium, `make sandbox-check` logs in and starts a desktop."""
FAILED = """
`pulumi up` failed, see above; the sandbox runs on. Mend it and run `make sandbox` again.
To look into its cluster, if there is one yet, in a shell with `eval "$(make -s sandbox-env)"`:
  folder=$(mktemp -d) && openstack coe cluster config {name} --dir $folder
  kubectl --kubeconfig $folder/config get pods,events --all-namespaces"""
PLAYED = """
The gateway is up; nobody can log in, since its nodes are kwok's, which play pods."""
NEXT = """
In a shell with `eval "$(make -s sandbox-env)"`:
  pulumi preview --refresh              what changed by hand
  openstack coe cluster list            what it made in the cloud
  kubectl -n jhub get pods,ingress      what runs in its cluster
  dig +short "$(pulumi stack output fqdn)"
  pulumi destroy                        take it all away again
`make sandbox-down` ends the sandbox; `make sandbox` takes it up again."""


def say(line: str) -> None:
    """Tell the operator."""
    print(line, flush=True)


@app.command()
def tools(
    images: Annotated[bool, typer.Option(help="Also what builds the desktops' images.")] = False,
    desktops: Annotated[bool, typer.Option(help="Also what tests the desktops in a browser.")] = False,
    tests: Annotated[bool, typer.Option(help="Also what only the sandbox's tests start.")] = False,
) -> None:
    """Set up what is missing, and start nothing."""
    toolchain.ensure(images=images)
    if tests:
        toolchain.ensure_tests()
    if desktops:
        toolchain.ensure_desktops()


@app.command()
def start(
    images: Annotated[bool, typer.Option(help="Also a Docker engine and a registry for images.")] = False,
) -> None:
    """Set up what is missing and start the cloud, without a gateway in it."""
    began = time.monotonic()
    toolchain.ensure(images=images, meanwhile=[containers.Bases()] if images else [])
    shell.prepare()
    if line := host.refusal():
        say(line)
    with ThreadPoolExecutor() as pool:
        served = pool.submit(_serve_images, images)
        cloud.start(say)
        served.result()
    say(f"sandbox: started in {time.monotonic() - began:.0f} s")


def _serve_images(built: bool) -> None:
    if built:
        containers.start(say)
    if host.granted():
        system.serve(say)


@app.command()
def up() -> None:
    """Start the sandbox and run `pulumi up` of the program in it."""
    start(images=shell.builds_images())
    if host.granted():
        chosen.ensure(shell.settings(), say)
    shell.drop_stale_locks()
    shell.wait_for_cluster()
    if shell.pulumi("stack", "select", "--create").returncode:
        raise typer.Exit(1)
    code = shell.pulumi("up", "--yes", "--skip-preview").returncode
    if code:
        say(FAILED.format(name=shell.settings()["gateway:name"]))
        raise typer.Exit(code)
    known = shell.write_kubeconfig()
    url = address.url(known)
    if url:
        _wait_for(url)
    say(OPEN.format(url=url, user=known["hub_admin"], authority=acme.ROOTS) if url else PLAYED)
    say(NEXT)


def _wait_for(url: str) -> None:
    """Where a sandbox is taken up, nodes and hub have to start again. Exits with 1 where they don't."""
    again = retry_if_result(operator.not_)
    try:
        Retrying(stop=stop_after_delay(OPEN_S), wait=wait_fixed(1), retry=again)(address.answers, url)
    except RetryError:
        say(f"no hub answers at {url} after {OPEN_S} s: `kubectl get nodes,pods -A` may say why")
        raise typer.Exit(1) from None


@app.command()
def down() -> None:
    """End every process of the sandbox; its state stays for the next start."""
    shell.end_plugins()
    cloud.stop()
    containers.stop()
    with ThreadPoolExecutor() as pool:
        list(pool.map(processes.stop, processes.names()))
    kubelets.stop_all()
    say("sandbox: all its processes have ended")


@app.command()
def reset() -> None:
    """End the sandbox and forget its state: clouds, clusters, stacks, images. Programs stay."""
    down()
    containers.remove()
    shutil.rmtree(layout.RUN, ignore_errors=True)
    say(f"sandbox: {layout.RUN} is gone")


@app.command()
def env(
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON object.")] = False,
) -> None:
    """Print the environment that makes a shell the sandbox's."""
    if not layout.CLOUDS_YAML.exists():
        raise ToolchainError("there is no sandbox yet; `make sandbox` makes it")
    shell.prepare()
    shell.write_kubeconfig()
    variables = shell.environment()
    print(json.dumps(variables) if as_json else shell.exports(variables))


@app.command()
def status() -> None:
    """Show the sandbox's processes; exit code 3 where none runs."""
    table = Table("process", "state", "log")
    running = 0
    for name in processes.names():
        alive = processes.alive(name)
        running += alive
        table.add_row(name, "running" if alive else "ended", str(processes.log(name)))
    Console().print(table)
    if not running:
        raise typer.Exit(3)


def main() -> None:
    """Run a command; what an operator can mend is told without a traceback."""
    try:
        app()
    except (ToolchainError, cloud.CloudError, containers.ContainersError) as reason:
        print(f"sandbox: {reason}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
