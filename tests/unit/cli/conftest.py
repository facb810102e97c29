"""A deployed stack whose AWS is moto's, its people, and files that failed once."""

from pathlib import Path
from typing import Any

import pytest

from afterbill_cli.deployed import Deployed
from tests.unit.cli.moto_stack import folder_in, moto_stack
from tests.unit.cli.privacy_people import Town, town_of


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return folder_in(tmp_path)


@pytest.fixture
def stack(config: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with moto_stack(config) as deployed:
        yield deployed


@pytest.fixture
def town(stack: Deployed) -> Town:
    return town_of(stack)


@pytest.fixture
def faults(payloads: Path) -> Path:
    """Files to import that failed once; they lie beside the recorded payloads."""
    folder = payloads.parent / "faults" / "imports"
    if not folder.is_dir():
        pytest.skip(f"no files that failed once in {folder}")
    return folder
