"""`make build` and `make deploy`: everything is checked before SAM CLI starts, and nobody starts it by hand."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from afterbill_cli import interpreters
from afterbill_cli.configuration import SHIPPED
from afterbill_cli.starting import folder
from afterbill_cli.starting.answers import Answers
from afterbill_dev.deploy import __main__ as program
from afterbill_dev.deploy import sam

RUNTIME = f"python3.{sys.version_info.minor}"
"""A Python of this version is here: this one."""


@pytest.fixture
def hers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folder, "newest", lambda: RUNTIME)
    folder.make(tmp_path / "acme", Answers("Acme AG", "ann@acme.eu", "survey@acme.eu", "en", "stripe"))
    return tmp_path / "acme"


class Programs:
    """SAM CLI and the compiler: `calls` are the words each was started with, `path` is the PATH of the last.

    `sam build` makes the layers; the program of which `fails` names the second word fails.
    """

    def __init__(self, place: Path) -> None:
        self.place, self.calls, self.fails, self.path = place, list[list[str]](), "", ""

    def run(self, command: list[str], **how: Any) -> Any:
        self.path = how["env"]["PATH"]
        self.calls.append([Path(command[0]).name, *command[1:]])
        if command[1] == "build":
            for name, file in (("ConfigLayer", "brand.toml"), ("DepsLayer", "babel/locale-data/ja.dat")):
                (self.place / name / "python" / file).parent.mkdir(parents=True, exist_ok=True)
                (self.place / name / "python" / file).write_text("shipped", encoding="utf-8")
        return SimpleNamespace(returncode=int(command[1] == self.fails), stdout="a\nno disk left\n", stderr="")

    def called(self, word: str) -> list[str]:
        return next(call for call in self.calls if word in call)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    programs = Programs(tmp_path / "build")
    monkeypatch.setattr(sam, "AWS_BUILD", programs.place)
    monkeypatch.setattr(sam, "subprocess", SimpleNamespace(run=programs.run))
    return programs


def test_the_layer_holds_her_configuration_whole(hers: Path, programs: Programs) -> None:
    assert program.main(["build", "--config", str(hers)]) == 0

    built = programs.place / "ConfigLayer/python"
    assert 'company = "Acme AG"' in (built / "brand.toml").read_text(encoding="utf-8")
    assert (built / "locales/nl.toml").exists()
    assert not (built / "samconfig.toml").exists()


def test_actions_with_a_mistake_are_never_built(
    hers: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = '[notices]\nto = ["team"]\n'
    (hers / "actions.toml").write_text(wrong, encoding="utf-8")
    for command in ("build", "deploy"):
        assert program.main([command, "--config", str(hers)]) == 1
        assert "actions.toml: notices.to.0: there is no such table under [connections]" in capsys.readouterr().err
    assert programs.calls == []


def test_languages_that_are_not_spoken_are_removed_and_the_layers_compiled(hers: Path, programs: Programs) -> None:
    program.main(["build", "--config", str(hers)])

    assert not (programs.place / "DepsLayer/python/babel/locale-data/ja.dat").exists()
    assert str(programs.place / "DepsLayer/python") in programs.called("compileall")


def test_building_deploys_nothing_and_deploying_builds_first(hers: Path, programs: Programs) -> None:
    program.main(["build", "--config", str(hers)])
    assert [call[1] for call in programs.calls] == ["build", "-m"]

    program.main(["deploy", "--config", str(hers)])
    assert [call[1] for call in programs.calls][2:] == ["build", "-m", "deploy"]


def test_what_was_built_is_deployed_as_samconfig_says(hers: Path, programs: Programs) -> None:
    program.main(["deploy", "--config", str(hers)])

    call = programs.called("deploy")
    options = dict(zip(call[2:8:2], call[3:8:2], strict=True))
    assert options == {
        "--template-file": str(programs.place / "template.yaml"),
        "--config-file": str(hers / "samconfig.toml"),
        "--config-env": "default",
    }
    assert call[8:] == [
        "--parameter-overrides",
        "SenderAddress=survey@acme.eu",
        "AlarmEmail=ann@acme.eu",
        f"Runtime={RUNTIME}",
    ]


def test_layers_and_functions_have_the_runtime_of_samconfig(hers: Path, programs: Programs) -> None:
    program.main(["build", "--config", str(hers)])

    assert programs.called("build")[-1] == f"Runtime={RUNTIME}"
    assert (Path(programs.path.partition(":")[0]) / RUNTIME).exists()


def test_another_runtime_may_be_named_and_every_check_still_runs(
    hers: Path, programs: Programs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(interpreters, "_candidates", lambda _runtime: iter([sys.executable]))
    other = next(runtime for runtime in interpreters.RUNTIMES if runtime != RUNTIME)

    assert program.main(["build", "--config", str(hers), "--runtime", other]) == 1
    assert f"Runtime {other}: no Python {other.removeprefix('python')} with pip runs here" in capsys.readouterr().err
    assert programs.calls == []


def test_an_environment_of_samconfig_has_parameters_of_its_own(hers: Path, programs: Programs) -> None:
    with (hers / "samconfig.toml").open("a", encoding="utf-8") as file:
        file.write(
            '\n[dev.deploy.parameters]\nstack_name = "acme-dev"\nparameter_overrides = ["SenderAddress=test@acme.eu", '
            f'"ComputeRate=\'rate(5 minutes)\'", "Architecture=x86_64", "Runtime={RUNTIME}"]\n'
        )

    program.main(["deploy", "--config", str(hers), "--environment", "dev"])

    assert programs.called("build")[-2:] == ["Architecture=x86_64", f"Runtime={RUNTIME}"]
    assert {"dev", "SenderAddress=test@acme.eu", "ComputeRate='rate(5 minutes)'"} <= set(programs.called("deploy"))


def test_a_mistake_in_her_folder_stops_before_anything_is_built(
    hers: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    (hers / "surveys.toml").write_text('time_zone = "Nowhere"', encoding="utf-8")

    assert program.main(["deploy", "--config", str(hers)]) == 1
    assert f"make deploy: {hers} cannot be deployed:\nsurveys.toml: " in capsys.readouterr().err
    assert programs.calls == []


def test_the_starter_is_built_and_never_deployed(programs: Programs, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["deploy"]) == 1
    assert "`afterbill init` makes a folder" in capsys.readouterr().err
    assert programs.calls == []

    assert program.main(["build", "--config", str(SHIPPED), "--runtime", RUNTIME]) == 0


def test_an_example_is_no_sender(hers: Path, programs: Programs, capsys: pytest.CaptureFixture[str]) -> None:
    text = (hers / "samconfig.toml").read_text(encoding="utf-8").replace("survey@acme.eu", "survey@example.com")
    (hers / "samconfig.toml").write_text(text, encoding="utf-8")

    assert program.main(["deploy", "--config", str(hers)]) == 1
    assert "SenderAddress is still an example, 'survey@example.com'" in capsys.readouterr().err
    assert programs.calls == []


def test_a_build_that_fails_shows_its_last_words(
    hers: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    programs.fails = "build"

    assert program.main(["deploy", "--config", str(hers)]) == 1
    assert capsys.readouterr().err == "make deploy: `sam build` failed with exit code 1\na\nno disk left\n"
    assert len(programs.calls) == 1


def test_a_deployment_that_fails_has_said_why_itself(
    hers: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    programs.fails = "deploy"

    assert program.main(["deploy", "--config", str(hers)]) == 1
    assert capsys.readouterr().err == "make deploy: `sam deploy` failed with exit code 1\n"


@pytest.mark.parametrize(
    ("variables", "options"),
    [
        ([], ""),
        (["AFTERBILL_CONFIG=../acme"], ' --config "../acme"'),
        (["CONFIG=a", "STACK=dev", "RUNTIME=python3.12"], ' --config "a" --environment "dev" --runtime "python3.12"'),
    ],
)
def test_make_hands_on_what_it_is_told(variables: list[str], options: str) -> None:
    told = subprocess.run(
        ["make", "--dry-run", "deploy", *variables],  # noqa: S607  # the one on PATH
        check=True,
        capture_output=True,
        text=True,
        cwd=SHIPPED.parents[1],
        env={name: os.environ[name] for name in ("HOME", "PATH") if name in os.environ},
    ).stdout.splitlines()[-1]

    assert " ".join(told.split()) == f".venv/bin/python -m afterbill_dev.deploy deploy{options}"
