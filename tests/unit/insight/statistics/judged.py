"""Figures that others computed; where their files are absent, these tests skip and say so."""

import json
from pathlib import Path
from typing import Any

import pytest

PLACE = Path(__file__).resolve().parents[4] / "../shared/judges/stats"


def judge(name: str) -> Any:
    """The content of a file of known figures."""
    if not (PLACE / name).exists():
        pytest.skip(f"no {name} in {PLACE}")
    return json.loads((PLACE / name).read_text())
