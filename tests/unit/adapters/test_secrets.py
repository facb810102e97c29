"""A secret is kept for minutes, and an outage of Secrets Manager is sat out with what is known."""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ReadTimeoutError

from afterbill.adapters.aws.secrets import Secret
from afterbill.model.errors import ConfigurationError, TransientError


@dataclass
class SecretsManager:
    """Answers `text`, or not at all; counts the calls."""

    text: str = json.dumps({"stripe": ["old"]})
    down: bool = False
    fault: Exception = field(default_factory=lambda: ReadTimeoutError(endpoint_url="https://secretsmanager.example"))
    calls: int = 0

    def get_secret_value(self, **_: Any) -> dict[str, str]:
        self.calls += 1
        if self.down:
            raise self.fault
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
    chance: float = 0

    def __post_init__(self) -> None:
        self.secret = Secret(self.manager, "arn", self.minutes, lambda: self.chance)


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


def denied(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "GetSecretValue")


OUTAGES = [denied("AccessDeniedException"), denied("ThrottlingException"), NoCredentialsError()]


@pytest.mark.parametrize("fault", OUTAGES, ids=["denied", "throttled", "no credentials"])
def test_whatever_the_reason_what_is_known_serves_on(kept: Kept, fault: Exception) -> None:
    kept.manager.down, kept.manager.fault = True, fault
    kept.minutes.now = 60
    assert kept.secret.value() == {"stripe": ["old"]}
    assert not kept.secret.refresh()


class TestPauses:
    """Fetches that failed are tried again after 1, 2, 4... seconds."""

    def tries(self, kept: Kept, seconds: int) -> list[int]:
        """The seconds at which a request made a call; there is one request a second."""
        kept.manager.down, start = True, kept.minutes.now
        made = []
        for second in range(seconds):
            kept.minutes.now, calls = start + second / 60, kept.manager.calls
            with suppress(TransientError):
                kept.secret.value()
            made += [second] * (kept.manager.calls - calls)
        return made

    def test_they_grow_up_to_a_minute_while_what_is_known_serves_on(self, kept: Kept) -> None:
        kept.minutes.now = 6
        assert self.tries(kept, 240) == [0, 1, 3, 7, 15, 31, 63, 123, 183]

    def test_an_hour_of_outage_costs_a_call_a_minute(self, kept: Kept) -> None:
        kept.minutes.now = 6
        assert len(self.tries(kept, 3600)) == 65

    def test_without_anything_known_they_are_the_same(self) -> None:
        assert self.tries(Kept(), 20) == [0, 1, 3, 7, 15]

    def test_up_to_half_of_one_is_left_to_chance(self) -> None:
        assert self.tries(Kept(chance=1), 20) == [0, 1, 2, 4, 8, 16]

    def test_a_refresh_is_paused_too(self, kept: Kept) -> None:
        kept.manager.down, kept.minutes.now = True, 6
        assert [kept.secret.refresh() for _ in range(3)] == [False] * 3
        assert kept.manager.calls == 2

    def test_when_it_is_over_everything_is_as_before(self, kept: Kept) -> None:
        kept.minutes.now = 6
        self.tries(kept, 100)
        kept.manager.down, kept.manager.text = False, json.dumps({"stripe": ["new"]})
        kept.minutes.now += 1
        assert kept.secret.value() == {"stripe": ["new"]}
        kept.minutes.now += 5.1
        assert self.tries(kept, 4) == [0, 1, 3]


@pytest.mark.parametrize("text", ["", "no json", "[]", '"text"'])
def test_what_is_no_object_is_named(text: str) -> None:
    with pytest.raises(ConfigurationError, match="arn must hold a JSON object"):
        Kept(SecretsManager(text)).secret.value()
