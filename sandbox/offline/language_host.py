"""The language host that runs Python programs for the engine, where the official one is not to be had.

The engine starts it as `pulumi-language-python … ENGINE_ADDRESS`, reads the port from the first line that it
prints, and asks over gRPC. The program itself is run by the SDK's own `pulumi-language-python-exec`, in the
virtual environment that Pulumi.yaml names, so output, errors and exit codes are those of the official host.
What this host does not do (debugger, provider plugins written in Python, code generation) it refuses.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc  # type: ignore[import-untyped]
from google.protobuf.empty_pb2 import Empty  # type: ignore[import-untyped]
from pulumi.runtime.proto import language_pb2 as messages
from pulumi.runtime.proto import language_pb2_grpc, plugin_pb2

MESSAGE_SHOWN = 32
"""Exit code of the SDK's executor when it has told the user what went wrong."""
MAX_MESSAGE = 400 * 1024 * 1024
"""Bytes; the engine's own limit."""
PARENT_POLL_S = 1


class Environment:
    """The Python that `runtime.options.virtualenv` in Pulumi.yaml names, else the one on the PATH."""

    def __init__(self, info: messages.ProgramInfo) -> None:
        options = dict(info.options.items())
        toolchain = options.get("toolchain", "pip")
        if toolchain != "pip":
            raise ValueError(f"runtime.options.toolchain is {toolchain!r}; this host knows only 'pip'.")
        name = options.get("virtualenv")
        self.folder = Path(info.root_directory, str(name)) if name else None
        self.python = self.folder / "bin" / "python" if self.folder else Path("python3")

    def check(self) -> None:
        """Raise ValueError where the virtual environment is named but absent."""
        if self.folder and not self.python.exists():
            raise ValueError(
                f"runtime.options.virtualenv: {self.folder} is no virtual environment; run `pulumi install`."
            )

    def variables(self) -> dict[str, str]:
        """Environment variables of a shell in which the virtual environment is active."""
        variables = dict(os.environ)
        if self.folder:
            variables.pop("PYTHONHOME", None)
            variables["VIRTUAL_ENV"] = str(self.folder)
            variables["PATH"] = f"{self.folder / 'bin'}{os.pathsep}{variables.get('PATH', '')}"
        return variables

    def plugins(self) -> list[plugin_pb2.PackageDependency]:
        """The resource plugins that the installed `pulumi_*` packages ask for."""
        question = "import sysconfig; print(sysconfig.get_path('purelib'))"
        answer = subprocess.run(
            [self.python, "-c", question], env=self.variables(), capture_output=True, text=True, check=True
        )
        found = []
        for description in sorted(Path(answer.stdout.strip()).glob("*/pulumi-plugin.json")):
            plugin = json.loads(description.read_text(encoding="utf-8"))
            if plugin.get("resource"):
                found.append(
                    plugin_pb2.PackageDependency(
                        name=plugin["name"],
                        kind="resource",
                        version=f"v{plugin['version']}",
                        server=plugin.get("server", ""),
                    )
                )
        return found


class Host(language_pb2_grpc.LanguageRuntimeServicer):
    """The calls that `pulumi up`, `preview`, `refresh`, `destroy` and `install` make."""

    def __init__(self, executor: Path, engine: str, version: str) -> None:
        self._executor = executor
        self._engine = engine
        self._version = version
        self._children: set[subprocess.Popen[bytes]] = set()

    def Handshake(
        self, request: messages.LanguageHandshakeRequest, _context: grpc.ServicerContext
    ) -> messages.LanguageHandshakeResponse:
        """Accept the engine's address, which may come so instead of on the command line."""
        self._engine = request.engine_address or self._engine
        return messages.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request: Empty, _context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The engine's version: they are built together."""
        return plugin_pb2.PluginInfo(version=self._version)

    def GetRequiredPackages(
        self, request: messages.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> messages.GetRequiredPackagesResponse:
        """What the program's environment needs; nothing before that environment is made."""
        environment = _environment(request.info, context)
        return messages.GetRequiredPackagesResponse(packages=environment.plugins())

    def Run(self, request: messages.RunRequest, context: grpc.ServicerContext) -> messages.RunResponse:
        """Run the program to its end."""
        if request.attach_debugger:
            return messages.RunResponse(error="This language host attaches no debugger.")
        environment = _environment(request.info, context)
        flags = {
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "parallel": str(request.parallel),
            "dry_run": str(request.dryRun).lower(),
            "pwd": request.pwd,
            "monitor": request.monitor_address,
            "engine": self._engine,
            "organization": request.organization,
        }
        variables = {
            **environment.variables(),
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
            "PYTHONUNBUFFERED": "1",
        }
        words = [word for flag, value in flags.items() if value for word in (f"--{flag}", value)]
        program = str(Path(request.info.program_directory, request.info.entry_point))
        child = subprocess.Popen(
            [environment.python, "-u", self._executor, *words, program, *request.args], env=variables
        )
        self._children.add(child)
        context.add_callback(child.terminate)
        code = child.wait()
        self._children.discard(child)
        if code == MESSAGE_SHOWN:
            return messages.RunResponse(bail=True)
        return messages.RunResponse(error=f"Program exited with non-zero exit code: {code}" if code else "")

    def InstallDependencies(
        self, request: messages.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[messages.InstallDependenciesResponse]:
        """Make the virtual environment and install requirements.txt into it, as `pulumi install` asks."""
        environment = _environment(request.info, context, must_exist=False)
        commands: list[list[str | Path]] = []
        if environment.folder and not environment.python.exists():
            commands.append(["python3", "-m", "venv", environment.folder])
        if Path(request.directory, "requirements.txt").exists():
            commands.append([environment.python, "-m", "pip", "install", "-r", "requirements.txt"])
        for command in commands:
            with subprocess.Popen(
                command, cwd=request.directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
            ) as child:
                assert child.stdout
                for line in child.stdout:
                    yield messages.InstallDependenciesResponse(stdout=line)
            if child.returncode:
                words = " ".join(map(str, command))
                context.abort(grpc.StatusCode.INTERNAL, f"`{words}` ended with {child.returncode}")

    def About(self, request: messages.AboutRequest, context: grpc.ServicerContext) -> messages.AboutResponse:
        """The interpreter of the program."""
        environment = _environment(request.info, context)
        return messages.AboutResponse(executable=str(environment.python), version=sys.version.split()[0])

    def Cancel(self, _request: Empty, _context: grpc.ServicerContext) -> Empty:
        """End the programs that run."""
        self.end()
        return Empty()

    def end(self) -> None:
        """Ask every program that runs to end."""
        for child in list(self._children):
            child.terminate()

    def exit(self, *_: object) -> None:
        """End the programs and this host, as a handler of the signals that the engine sends."""
        self.end()
        os._exit(0)


def _environment(
    info: messages.ProgramInfo, context: grpc.ServicerContext, *, must_exist: bool = True
) -> Environment:
    """The program's environment; where it can't be had, the call ends with the reason."""
    try:
        environment = Environment(info)
        if must_exist:
            environment.check()
    except ValueError as reason:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(reason))
        raise
    return environment


def _end_with(parent: int, host: Host) -> None:
    """End this host, and its programs, when the engine is gone: one that was killed cannot say so."""
    while os.getppid() == parent:
        time.sleep(PARENT_POLL_S)
    host.exit()


def main(executor: str, version: str, *arguments: str) -> None:
    """Serve until the engine ends; the last of its `arguments` is its address."""
    host = Host(Path(executor), arguments[-1] if arguments else "", version)
    signal.signal(signal.SIGINT, host.exit)
    signal.signal(signal.SIGTERM, host.exit)
    limits = [("grpc.max_receive_message_length", MAX_MESSAGE), ("grpc.max_send_message_length", MAX_MESSAGE)]
    server = grpc.server(ThreadPoolExecutor(), options=limits)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    threading.Thread(target=_end_with, args=(os.getppid(), host), daemon=True).start()
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(*sys.argv[1:])
