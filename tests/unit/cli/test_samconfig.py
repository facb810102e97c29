"""What samconfig.toml says of a stack."""

from pathlib import Path

import pytest

from afterbill.model.errors import ConfigurationError
from afterbill_cli import samconfig
from afterbill_cli.samconfig import StackSettings

LISTED = """
version = 0.1

[default.deploy.parameters]
stack_name = "acme"
region = "eu-central-1"
parameter_overrides = ["SenderAddress=survey@acme.eu", "ComputeRate='rate(5 minutes)'", "AlarmEmail="]

[dev.global.parameters]
region = "eu-west-1"

[dev.deploy.parameters]
stack_name = "acme-dev"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "samconfig.toml").write_text(LISTED, encoding="utf-8")
    return tmp_path


def test_parameters_are_read_without_the_quotes_that_sam_wants(folder: Path) -> None:
    parameters = {"SenderAddress": "survey@acme.eu", "ComputeRate": "rate(5 minutes)", "AlarmEmail": ""}

    assert samconfig.read(folder) == StackSettings("acme", "eu-central-1", parameters)


def test_they_are_also_read_as_a_guided_deployment_wrote_them(tmp_path: Path) -> None:
    written = 'parameter_overrides = "SenderAddress=\\"survey@acme.eu\\" AlarmEmail=\\"\\""'
    (tmp_path / "samconfig.toml").write_text(f"[default.deploy.parameters]\n{written}\n", encoding="utf-8")

    assert samconfig.read(tmp_path).parameters == {"SenderAddress": "survey@acme.eu", "AlarmEmail": ""}


def test_an_environment_has_settings_of_its_own(folder: Path) -> None:
    assert samconfig.read(folder, "dev") == StackSettings("acme-dev", "eu-west-1")


def test_one_that_is_not_there_is_told_with_those_that_are(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no \[prod.deploy.parameters\], only: default, dev"):
        samconfig.read(folder, "prod")


def test_a_folder_without_the_file_says_nothing(tmp_path: Path) -> None:
    assert samconfig.read(tmp_path) == StackSettings()
