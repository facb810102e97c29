"""docs/deploy.md followed to the letter, as far as that needs no AWS."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

from afterbill_cli import cli, configuration, samconfig
from tests.unit.docs.pages import ROOT, read, table, template

PAGE = "docs/deploy.md"
BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def section(page: str, heading: str) -> str:
    found = re.search(rf"^## {heading}\n(.*?)(?=^## )", read(page), re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no section {heading}"
    return found[1]


def commands(page: str, heading: str) -> list[str]:
    """The commands of a section, one a line, in their order."""
    return [line.strip() for _, text in BLOCK.findall(section(page, heading)) for line in text.splitlines()]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place beside which a folder can be made; the shell stands in it."""
    (tmp_path / "afterbill").mkdir()
    monkeypatch.chdir(tmp_path / "afterbill")
    return tmp_path


def test_the_steps_are_numbered_without_a_gap():
    numbers = [int(number) for number in re.findall(r"^(\d+)\. \*\*", section(PAGE, "Steps"), re.MULTILINE)]

    assert numbers == list(range(1, len(numbers) + 1))


def test_the_folder_of_the_steps_is_made_found_and_in_order(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    steps = [line for line in commands(PAGE, "Steps") if re.search(r" init | policy check", line)]
    made, checked = (shlex.split(line.removeprefix(".venv/bin/afterbill ")) for line in steps)

    assert cli.main([*made, "--yes"]) == 0
    monkeypatch.setenv("AFTERBILL_CONFIG", str(checkout / "acme"))
    assert cli.main(checked) == 0
    assert str(checkout / "acme") in capsys.readouterr().out.splitlines()[-1]


def test_a_checkout_that_was_edited_so_far_becomes_a_folder_as_it_is(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Of what such a checkout holds only the copy is needed; its samconfig.toml came from a guided deployment."""
    lines = commands(PAGE, "Updating")
    assert "cp -R layers/config ../acme" in lines
    configuration.shutil.copytree(ROOT / "layers/config", checkout / "acme")

    monkeypatch.setenv("AFTERBILL_CONFIG", str(checkout / "acme"))
    assert cli.main(["policy", "check"]) == 0
    assert "in order" in capsys.readouterr().out


def test_the_short_way_of_the_readme_is_part_of_the_steps():
    steps = iter(commands(PAGE, "Steps"))

    assert all(line in steps for line in commands("README.md", "Deploy to AWS"))


def test_the_second_stack_has_parameters_that_the_template_knows(tmp_path: Path):
    (text,) = re.findall(r"```toml\n(.*?)```", section(PAGE, "Several stacks"), re.DOTALL)
    (tmp_path / "samconfig.toml").write_text(text, encoding="utf-8")
    (name,) = tomllib.loads(text)

    settings = samconfig.read(tmp_path, name)

    assert settings.parameters["ComputeRate"] == "rate(5 minutes)"
    assert set(settings.parameters) <= set(template()["Parameters"])
    assert f"make deploy STACK={name}" in commands(PAGE, "Several stacks")


def test_every_parameter_of_the_template_is_explained():
    explained = {name for row in table(PAGE, "parameter") for name in re.findall(r"`(\w+)`", row[0])}

    assert explained == set(template()["Parameters"])
