"""[retention]: its defaults, its bounds, and the light reading of functions."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill.model.errors import ConfigurationError
from afterbill.model.retention import Retention
from afterbill.settings import config
from afterbill.settings.surveys import load_policy, policy_of

SHIPPED = Path(__file__).resolve().parents[3] / "layers/config/surveys.toml"
DAY = timedelta(days=1)


def with_periods(**periods: Any) -> dict[str, Any]:
    return tomllib.loads(SHIPPED.read_text(encoding="utf-8")) | {"retention": periods}


def test_what_is_shipped_are_the_defaults() -> None:
    assert load_policy(SHIPPED).retention == policy_of(with_periods()).retention == Retention()


def test_functions_read_the_same_without_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = with_periods(responses="400d", visits="30d")
    monkeypatch.setattr(config, "surveys_table", lambda: changed)

    assert config.retention() == policy_of(changed).retention == Retention(responses=400 * DAY, visits=30 * DAY)


@pytest.mark.parametrize(
    ("periods", "mistake"),
    [
        ({"responses": "399d"}, "retention.responses: must be from 400d to 3650d, not 399d"),
        ({"customers": "399d"}, "retention.customers: must be from 400d to 3650d, not 399d"),
        ({"comments": "0d"}, "retention.comments: must be from 1d to 3650d, not 0s"),
        ({"visits": "6d"}, "retention.visits: must be from 7d to 3650d, not 6d"),
        ({"audit": "364d"}, "retention.audit: must be from 365d to 3650d, not 364d"),
        ({"archive": "399d"}, "retention.archive: must be from 400d to 3650d, not 399d"),
        (
            {"archive": "729d"},
            "retention.archive: must be no shorter than responses: reports would forget what still counts",
        ),
        ({"comments": "731d"}, "retention.comments: must be no longer than responses: it ends with its survey"),
        (
            {"responses": "400d", "visits": "401d"},
            "retention.visits: must be no longer than responses: it ends with its survey",
        ),
        (
            {"customers": "729d"},
            "retention.customers: must be no shorter than responses: nobody finds the surveys of who is gone",
        ),
        ({"customers": "9601h"}, 'retention.customers: must be whole days, such as "401d", not 9601h'),
        ({"customers": "forever"}, "retention.customers: must be a duration"),
        ({"customer": "30d"}, "retention.customer: "),
    ],
)
def test_a_period_out_of_bounds_is_named(periods: dict[str, str], mistake: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        policy_of(with_periods(**periods))

    assert [line for line in str(caught.value).splitlines() if line.startswith(f"surveys.toml: {mistake}")]
