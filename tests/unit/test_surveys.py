"""surveys.toml: what it means, and how its mistakes are named."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill.domain.billing import Touchpoint
from afterbill.domain.errors import ConfigurationError
from afterbill.domain.policy import Stops
from afterbill.surveys import load_policy, policy_of

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "layers/config/surveys.toml"
LOCAL = ROOT / "ops/local/config/surveys.toml"


def tables() -> dict[str, Any]:
    return tomllib.loads(SHIPPED.read_text(encoding="utf-8"))


def mistakes(changed: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        policy_of(changed)
    return str(caught.value).splitlines()


def test_every_touchpoint_has_a_rule_whether_it_is_listed_or_not() -> None:
    assert set(load_policy(SHIPPED).rules) == set(Touchpoint)


def test_what_a_touchpoint_leaves_out_is_taken_from_the_defaults() -> None:
    renewed = load_policy(SHIPPED).rules[Touchpoint.RENEWED]
    assert (renewed.delay, renewed.stage, renewed.cooldown) == (timedelta(days=3), "loyalty", timedelta(days=90))


def test_the_shipped_policy_never_sends_test_mode_to_a_mailbox() -> None:
    assert not any(source.test_mode for source in load_policy(SHIPPED).sources.values())


def test_the_local_policy_asks_at_every_touchpoint_without_cooldown_or_sampling() -> None:
    rules = load_policy(LOCAL).rules.values()
    assert all(rule.ask and rule.sampling == 1 and not rule.cooldown for rule in rules)
    assert {rule.delay for rule in rules} == {timedelta(seconds=20)}


def test_refunds_disputes_and_cancellations_stop_what_came_before() -> None:
    rules = load_policy(SHIPPED).rules
    adverse = (Touchpoint.REFUNDED, Touchpoint.DISPUTED, Touchpoint.CANCELLED)
    assert {rules[touchpoint].stops for touchpoint in adverse} == {Stops.CUSTOMER}


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("time_zone", "Mars/Olympus", "surveys.toml: time_zone: must be a time zone"),
        ("time_zone", "", "surveys.toml: time_zone: must be a time zone"),
        ("touchpoints.renewed.delay", "3 days", "surveys.toml: touchpoints.renewed.delay: must be a duration"),
        ("touchpoints.renewed.delay", "-3d", "surveys.toml: touchpoints.renewed.delay: must be a duration"),
        ("touchpoints.renewed.delay", 3, "surveys.toml: touchpoints.renewed.delay: must be a duration"),
        ("touchpoints.renewed.expiry", "3651d", "surveys.toml: touchpoints.renewed.expiry: must be a duration"),
        ("touchpoints.renewed.expiry", "0s", "surveys.toml: touchpoints.renewed.expiry:"),
        ("touchpoints.renewed.sampling", 1.5, "surveys.toml: touchpoints.renewed.sampling:"),
        ("touchpoints.renewed.ask", "yes", "surveys.toml: touchpoints.renewed.ask:"),
        ("touchpoints.renewed.stage", "bliss", "surveys.toml: touchpoints.renewed.stage:"),
        ("touchpoints.renewed.stops", "everything", "surveys.toml: touchpoints.renewed.stops:"),
        ("touchpoints.renewed.priority", 101, "surveys.toml: touchpoints.renewed.priority:"),
        ("touchpoints.renewed.channel", "pigeon", "surveys.toml: touchpoints.renewed.channel:"),
        ("touchpoints.renewed.colour", "red", "surveys.toml: touchpoints.renewed.colour:"),
        ("touchpoints.renewed", "often", "surveys.toml: touchpoints.renewed:"),
        ("touchpoints.birthday", {}, "surveys.toml: touchpoints.birthday:"),
        ("sources.stripe.provider", "strype", "surveys.toml: sources.stripe.provider: must be one of"),
        ("sources.events.types", {"a": "oder_paid"}, "surveys.toml: sources.events.types.a: must be one of"),
        ("sources.A B", {"provider": "stripe"}, "surveys.toml: sources.A B:"),
        ("colour", "red", "surveys.toml: colour:"),
        ("touchpoints", [], "surveys.toml: touchpoints:"),
    ],
)
def test_a_mistake_is_named_by_its_key(path: str, value: object, named: str) -> None:
    changed: Any = tables()
    place = changed
    *folders, key = path.split(".")
    for folder in folders:
        place = place[folder]
    place[key] = value
    assert any(line.startswith(named) for line in mistakes(changed))


def test_all_mistakes_are_listed_at_once() -> None:
    changed = tables() | {"time_zone": "nowhere", "colour": "red"}
    assert len(mistakes(changed)) == 2


def test_a_file_that_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    broken = tmp_path / "surveys.toml"
    broken.write_text("[defaults\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"surveys\.toml: .*line 1"):
        load_policy(broken)
