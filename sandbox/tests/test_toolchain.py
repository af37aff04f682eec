"""Steps of the toolchain are done once for each state of their inputs, and what fails is told."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

from sandbox import layout, shell
from sandbox.offline import build
from sandbox.tools import engine, packages
from sandbox.tools.golang import MODULES, GoPrograms, module_version
from sandbox.tools.steps import Report, Step, ToolchainError, ensure, run_lanes


class Copy(Step):
    """Copies its input to its output, and counts how often."""

    name = "Copy"
    about = "copying"

    def __init__(self, source: Path, target: Path) -> None:
        self.inputs = (source,)
        self.outputs = (target,)
        self.runs = 0

    def run(self, report: Report) -> None:
        self.runs += 1
        self.call(["cp", *self.inputs, *self.outputs], report)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and sources in it."""
    monkeypatch.setattr(layout, "ROOT", tmp_path)
    monkeypatch.setattr(layout, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(layout, "BIN", tmp_path / "bin")
    return tmp_path


@pytest.fixture
def copy(home: Path) -> Copy:
    source = home / "source"
    source.write_text("one")
    return Copy(source, home / "target")


@pytest.fixture
def pulumi(home: Path) -> Path:
    """An engine that has each plugin already, and can't download one; the file has its calls."""
    (home / "requirements.txt").write_text("pulumi==1.2.3\npulumi-docker==1.2.3\n")
    program, calls = home / "bin" / "pulumi", home / "calls"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@" >>{calls}\ncase "$*" in *--file*) ;; *--reinstall*) exit 1 ;; esac\n'
    )
    program.chmod(0o755)
    return calls


def test_a_step_is_done_once(copy: Copy) -> None:
    run_lanes([[copy]])
    run_lanes([[copy]])
    assert copy.runs == 1


def test_a_changed_input_has_the_step_done_again(copy: Copy, home: Path) -> None:
    run_lanes([[copy]])
    (home / "source").write_text("two")
    run_lanes([[copy]])
    assert (home / "target").read_text() == "two"


def test_a_lost_output_has_the_step_done_again(copy: Copy, home: Path) -> None:
    run_lanes([[copy]])
    (home / "target").unlink()
    run_lanes([[copy]])
    assert copy.runs == 2


def test_a_failed_step_names_its_command_and_is_tried_again(copy: Copy, home: Path) -> None:
    (home / "source").unlink()
    with pytest.raises(ToolchainError, match="No such file"):
        run_lanes([[copy]])
    (home / "source").write_text("three")
    run_lanes([[copy]])
    assert copy.runs == 2


def test_what_follows_a_failed_step_is_not_done(copy: Copy) -> None:
    class Fails(Step):
        name = "Fails"
        about = "failing"

        def run(self, report: Report) -> None:
            raise ToolchainError("no")

    with pytest.raises(ToolchainError):
        run_lanes([[Fails(), copy]])
    assert copy.runs == 0


def test_what_is_done_meanwhile_waits_for_a_reason(copy: Copy, home: Path) -> None:
    meanwhile = Copy(home / "source", home / "another")
    meanwhile.name = "Meanwhile"
    ensure([[copy]], [meanwhile])
    assert (copy.runs, meanwhile.runs) == (1, 1)
    meanwhile.outputs[0].unlink()
    ensure([[copy]], [meanwhile])
    assert meanwhile.runs == 1, "nothing was missing beside it"


def test_a_command_that_hangs_is_given_up(copy: Copy) -> None:
    with pytest.raises(ToolchainError, match="sleep"):
        copy.call(["sleep", "60"], print, timeout=0.2)


def test_an_official_engine_on_the_path_is_taken(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, theirs = home / "bin", home / "theirs"
    for folder in (own, theirs):
        folder.mkdir()
        (folder / "pulumi").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(own))
    assert engine.official() is None, "what was built here is not official"
    monkeypatch.setenv("PATH", f"{own}:{theirs}")
    assert engine.official() == theirs / "pulumi"


def test_without_root_the_operator_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "program", lambda name: None if name == "named" else name)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr("subprocess.run", lambda *_, **__: type("Refused", (), {"returncode": 1}))
    with pytest.raises(ToolchainError, match=r"sudo apt-get install .* bind9$"):
        packages.DebianPackages(packages.SERVERS).run(print)


def test_an_extra_that_can_not_be_had_is_only_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(packages, "program", lambda _: None)
    monkeypatch.setattr("shutil.which", lambda _: None)
    source = home / "source"
    source.touch()
    after = Copy(source, home / "target")
    run_lanes([[packages.Extra({"a-browser": "a-browser"}), after]])
    assert after.done()
    assert "what needs a-browser is left out" in capsys.readouterr().out
    assert packages.Extra({"a-browser": "a-browser"}).done(), "it is not tried each time"


def test_exports_survive_a_shell(tmp_path: Path) -> None:
    lines = shell.exports({"A": "it's $HOME", "B": str(tmp_path)})
    shown = subprocess.check_output(["sh", "-c", f'{lines}\nprintf %s "$A"'], text=True)
    assert shown == "it's $HOME"


def test_an_engine_that_can_be_downloaded_is_not_built(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "requirements.txt").write_text("pulumi==1.2.3\n")
    release = home / "pulumi"
    release.mkdir()
    for program in (*engine.OFFICIAL_PROGRAMS, "pulumi-language-go"):
        (release / program).write_text("official")
    with tarfile.open(home / "pulumi-v1.2.3.tar.gz", "w:gz") as archive:
        archive.add(release, "pulumi")
    monkeypatch.setattr(engine, "OFFICIAL", f"file://{home}/pulumi-v{{version}}.tar.gz")
    monkeypatch.delattr(GoPrograms, "run")
    engine.Engine().run(print)
    assert sorted(path.name for path in layout.BIN.iterdir()) == sorted(engine.OFFICIAL_PROGRAMS)
    assert (layout.BIN / "pulumi").read_text() == "official"


def test_an_engine_that_cannot_be_downloaded_is_built(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "requirements.txt").write_text("pulumi==1.2.3\n")
    monkeypatch.setattr(engine, "OFFICIAL", f"file://{home}/absent.tar.gz")
    monkeypatch.setattr(GoPrograms, "run", lambda _, report: report("built"))
    monkeypatch.setattr(build, "install_language_host", lambda report: report("host"))
    said: list[str] = []
    engine.Engine().run(said.append)
    assert said[-2:] == ["built", "host"]


def test_where_no_engine_could_be_downloaded_no_plugin_is_asked_for(
    home: Path, pulumi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "OFFICIAL", f"file://{home}/absent.tar.gz")
    monkeypatch.setattr(GoPrograms, "run", lambda *_: None)
    monkeypatch.setattr(build, "install_language_host", lambda _: None)
    engine.Engine().run(print)
    engine.Plugin("docker").run(print)
    [call] = pulumi.read_text().splitlines()
    assert "--file" in call


def test_a_stand_in_of_changed_sources_replaces_the_old_one(
    pulumi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GoPrograms, "run", lambda _, report: report("built"))
    said: list[str] = []
    engine.Plugin("docker").run(said.append)
    assert said[-1] == "built"
    assert {"--file", "--reinstall"} <= set(pulumi.read_text().splitlines()[-1].split())


def test_uv_is_told_what_the_machine_tells_pip(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "pip.conf").write_text(
        "[global]\nindex-url = https://one.test/simple\ntrusted-host = one.test\n"
        "[install]\nfind-links = /wheels /more\nextra-index-url =\n    https://two.test\n    https://three.test\n"
    )
    for name in ("PIP_INDEX_URL", "PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(home / "pip.conf"))
    monkeypatch.setenv("PIP_TRUSTED_HOST", "of.the.environment")
    told = packages.uv_environment()
    assert told["UV_DEFAULT_INDEX"] == "https://one.test/simple"
    assert told["UV_INDEX"] == "https://two.test https://three.test"
    assert told["UV_FIND_LINKS"] == "/wheels,/more"
    assert told["UV_INSECURE_HOST"] == "of.the.environment"


def test_programs_of_a_module_are_whole_or_not_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = home / "module"
    for name in ("one", "two"):
        (module / name).mkdir(parents=True)
        (module / name / "main.go").write_text("package main\n\nfunc main() {}\n")
    (module / "go.mod").write_text("module sandbox/module\n\ngo 1.21\n")
    monkeypatch.setattr("sandbox.tools.golang.go_environment", lambda: {"GOFLAGS": "-mod=readonly"})
    step = GoPrograms("Programs", "building", module, ["./one", "sandbox/module/two"])
    (module / "two" / "main.go").write_text("package main\n\nfunc main() { nothing }\n")
    with pytest.raises(ToolchainError, match="nothing"):
        step.run(print)
    assert not (home / "bin" / "two").exists()
    (module / "two" / "main.go").write_text("package main\n\nfunc main() { print(2) }\n")
    step.run(print)
    assert sorted(path.name for path in (home / "bin").iterdir()) == ["one", "two"]
    assert subprocess.run(home / "bin" / "two", capture_output=True, check=True).stderr == b"2"


def test_a_program_is_named_and_tagged_as_go_does(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = home / "module"
    module.mkdir()
    (module / "go.mod").write_text("module sandbox/watch/v2\n\ngo 1.21\n")
    (module / "main.go").write_text("package main\n\nfunc main() { print(what) }\n")
    for tag, what in (("!loud", "quiet"), ("loud", "LOUD")):
        source = f'//go:build {tag}\n\npackage main\n\nconst what = "{what}"\n'
        (module / f"{what}.go").write_text(source)
    monkeypatch.setattr("sandbox.tools.golang.go_environment", lambda: {"GOFLAGS": "-mod=readonly"})
    step = GoPrograms("Programs", "building", module, ["sandbox/watch/v2"], tags=["loud"])
    step.run(print)
    [program] = step.outputs
    assert program.name == "watch"
    assert subprocess.run(program, capture_output=True, check=True).stderr == b"LOUD"


@pytest.mark.parametrize(
    "library",
    [
        *(f"golang.org/x/{name}" for name in ("crypto", "net", "sys", "term", "text")),
        *(f"google.golang.org/{name}" for name in ("grpc", "protobuf", "genproto/googleapis/rpc")),
        *(f"go.opentelemetry.io/otel{name}" for name in ("", "/metric", "/trace")),
    ],
)
def test_go_modules_share_what_they_compile(library: str) -> None:
    # In another version, it and all packages that import it are compiled once more.
    files = [*MODULES.glob("*/go.mod"), *build.SOURCES.glob("go.mod"), *build.PLUGINS.glob("*/go.mod")]
    requiring = [file.parent for file in files if f"\t{library} v" in file.read_text()]
    assert len(requiring) > 2
    assert len({module_version(folder, library) for folder in requiring}) == 1
