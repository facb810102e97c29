"""A secret is kept for minutes, and an outage of Secrets Manager is sat out with what is known."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from afterbill.adapters.aws.secrets import Secret
from afterbill.model.errors import ConfigurationError, TransientError


@dataclass
class SecretsManager:
    """Answers `text`, or not at all; counts the calls."""

    text: str = json.dumps({"stripe": ["old"]})
    down: bool = False
    calls: int = 0

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        self.calls += 1
        if self.down:
            raise ReadTimeoutError(endpoint_url="https://secretsmanager.example")
        return {"SecretString": self.text}


@dataclass
class Minutes:
    """A clock that is moved by hand."""

    now: float = 0

    def __call__(self) -> float:
        return self.now * 60


@dataclass
class Kept:
    manager: SecretsManager = field(default_factory=SecretsManager)
    minutes: Minutes = field(default_factory=Minutes)

    def __post_init__(self) -> None:
        self.secret = Secret(self.manager, "arn", self.minutes)


@pytest.fixture
def kept() -> Kept:
    kept = Kept()
    kept.secret.value()
    return kept


def test_it_is_fetched_once_within_five_minutes(kept: Kept) -> None:
    kept.minutes.now = 4.9
    assert kept.secret.value() == {"stripe": ["old"]}
    assert kept.manager.calls == 1


def test_after_five_minutes_it_is_read_again(kept: Kept) -> None:
    kept.manager.text = json.dumps({"stripe": ["new"]})
    kept.minutes.now = 5.1
    assert kept.secret.value() == {"stripe": ["new"]}


def test_an_outage_is_sat_out_with_what_is_known(kept: Kept) -> None:
    kept.manager.down = True
    kept.minutes.now = 60
    assert kept.secret.value() == {"stripe": ["old"]}


def test_without_anything_known_an_outage_is_told() -> None:
    with pytest.raises(TransientError):
        Kept(SecretsManager(down=True)).secret.value()


def test_a_refresh_is_done_once_a_minute(kept: Kept) -> None:
    assert not kept.secret.refresh()
    kept.minutes.now = 1.1
    assert kept.secret.refresh()
    assert not kept.secret.refresh()


@pytest.mark.parametrize("text", ["", "no json", "[]", '"text"'])
def test_what_is_no_object_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match="arn must hold a JSON object"):
        Kept(SecretsManager(text)).secret.value()
