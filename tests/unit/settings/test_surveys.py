"""surveys.toml: what it means, and how its mistakes are named."""

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill.model.billing import Touchpoint
from afterbill.model.errors import ConfigurationError
from afterbill.model.survey_tests import SurveyTests
from afterbill.model.webhooks import Source
from afterbill.outreach.policy import Stops
from afterbill.settings.surveys import load_policy, policy_of

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "layers/config/surveys.toml"
LOCAL = ROOT / "afterbill_dev/local/config/surveys.toml"


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


def test_the_local_policy_asks_at_once_about_all_but_what_never_came_about() -> None:
    rules = load_policy(LOCAL).rules
    not_asked = {touchpoint for touchpoint, rule in rules.items() if not rule.ask}
    assert not_asked == {Touchpoint.ORDER_CANCELLED, Touchpoint.PAYMENT_REVERSED}
    assert all(rule.sampling == 1 and not rule.cooldown for rule in rules.values())
    assert {rule.delay for rule in rules.values()} == {timedelta(seconds=20)}


def test_a_cancelled_order_and_a_reversed_payment_stop_only_their_own_survey() -> None:
    rules = load_policy(SHIPPED).rules
    for touchpoint in (Touchpoint.ORDER_CANCELLED, Touchpoint.PAYMENT_REVERSED):
        assert (rules[touchpoint].ask, rules[touchpoint].stops) == (False, Stops.PAYMENT)


def test_refunds_disputes_and_cancellations_stop_what_came_before() -> None:
    rules = load_policy(SHIPPED).rules
    assert {rules[touchpoint].stops for touchpoint in (Touchpoint.REFUNDED, Touchpoint.DISPUTED)} == {Stops.CUSTOMER}
    assert rules[Touchpoint.CANCELLED].stops is Stops.SUBSCRIPTION


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
        (
            "touchpoints.refunded.stops",
            "subscription",
            'surveys.toml: touchpoints.refunded.stops: "subscription" is for cancelled alone: nothing else ends one',
        ),
        (
            "touchpoints.cancelled.stops",
            "payment",
            'surveys.toml: touchpoints.cancelled.stops: "payment" stops nothing',
        ),
        ("touchpoints.renewed.priority", 101, "surveys.toml: touchpoints.renewed.priority:"),
        ("touchpoints.renewed.channels", ["pigeon"], "surveys.toml: touchpoints.renewed.channels:"),
        ("touchpoints.renewed.colour", "red", "surveys.toml: touchpoints.renewed.colour:"),
        ("touchpoints.renewed", "often", "surveys.toml: touchpoints.renewed:"),
        ("touchpoints.birthday", {}, "surveys.toml: touchpoints.birthday:"),
        (
            "sources.stripe.provider",
            "strype",
            'surveys.toml: sources.stripe.provider: "strype" is unknown; did you mean "stripe"?',
        ),
        (
            "sources.events.types",
            {"a": "oder_paid"},
            'surveys.toml: sources.events.types.a: "oder_paid" is unknown; did you mean "order_paid"?',
        ),
        ("sources.A B", {"provider": "stripe"}, "surveys.toml: sources.A B:"),
        ("colour", "red", "surveys.toml: colour:"),
        ("test", {"recipients": ["me at example.com"]}, "surveys.toml: test.recipients.0: must be a mail address"),
        ("test", {"recipients": [7]}, "surveys.toml: test.recipients.0: must be a mail address"),
        ("test", {"recipients": "me@example.com"}, "surveys.toml: test.recipients:"),
        ("test", {"delay": "2d"}, "surveys.toml: test.delay:"),
        ("test", {"receivers": []}, "surveys.toml: test.receivers: "),
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


def test_own_addresses_are_known_in_their_one_spelling() -> None:
    test = policy_of(tables() | {"test": {"recipients": ["You@Example.com", "ich@bücher.de"], "delay": "5m"}}).test
    assert test.recipients == {"you@example.com", "ich@xn--bcher-kva.de"}
    assert test.delay == timedelta(minutes=5)


def test_without_own_addresses_no_test_is_sent() -> None:
    assert load_policy(SHIPPED).test == SurveyTests()


@pytest.mark.parametrize("name", ["campaigns", "send-test"])
def test_our_own_sources_keep_their_names(name: str) -> None:
    changed = tables()
    changed["sources"][name] = {"provider": "stripe"}
    assert any(f"sources.{name}: this name is taken" in line for line in mistakes(changed))


def source(provider: str, **settings: Any) -> dict[str, Any]:
    """The shipped file with one more source."""
    changed = tables()
    changed["sources"]["new"] = {"provider": provider, **settings}
    return changed


def test_a_source_says_all_that_its_provider_may_need() -> None:
    settings = {
        "account": "acme",
        "test_mode": True,
        "sandbox": True,
        "url": "https://nps.example.com/webhooks/new",
        "api_url": "http://127.0.0.1:8025/apis/new",
        "webhook_id": "8PT597110X687430LKGECATA",
        "currency": "EUR",
        "time_zone": "Pacific/Auckland",
        "fields": {"data.id": "number"},
        "types": {"order.paid": "order_paid"},
    }

    assert policy_of(source("stripe", **settings)).sources["new"] == Source("new", "stripe", **settings)


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com",
        "https://example.com/",
        "https://EXAMPLE.com:8443/v1.0/my-app/~x",
        "http://127.0.0.1:8025/apis/new",
        "http://localhost/apis",
    ],
)
def test_requests_may_go_to_such_an_address(address: str) -> None:
    assert policy_of(source("stripe", api_url=address, url=address)).sources["new"].api_url == address


@pytest.mark.parametrize("key", ["api_url", "url"])
@pytest.mark.parametrize(
    "address",
    [
        "example.com",
        "http://example.com",
        "http://127.0.0.1.example.com",
        "http://localhost@example.com",
        "ftp://example.com",
        "https://",
        "https://user:password@example.com",
        "https://example.com/?key=1",
        "https://example.com/#top",
        "https://example.com/a/../b",
        "https://example.com//a",
        "https://example.com/a b",
        "https://example.com/a\nb",
        "https://example.com/%2e%2e",
        "https://example.com\\@evil.com",
        "https://{account}.example.com",
        "https://exämple.com",
        7,
    ],
)
def test_and_to_no_address_that_means_two_things(key: str, address: object) -> None:
    (line,) = mistakes(source("stripe", **{key: address}))
    assert line.startswith(f"surveys.toml: sources.new.{key}: must be an https:// address without user, query")


@pytest.mark.parametrize(
    ("provider", "settings", "named"),
    [
        ("square", {}, "sources.new.url: is missing: enter the notification URL as Square shows it"),
        ("paypal", {}, "sources.new.webhook_id: is missing: enter the id PayPal shows"),
        ("runmyaccounts", {}, "sources.new.account: is missing: enter the client's name at Run my Accounts"),
        (
            "chargebee",
            {},
            "sources.new.account: is missing: enter the site: acme, where its address is acme.chargebee.com",
        ),
        ("shopify", {}, "sources.new.account: is missing: enter the shop, as in acme.myshopify.com"),
        (
            "shopify",
            {"account": "https://acme.myshopify.com"},
            "sources.new.account: must be the shop, as in acme.mysh",
        ),
        ("chargebee", {"account": "acme.evil.com/"}, "sources.new.account: must be the site: acme, where"),
        ("chargebee", {"account": "a..b"}, "sources.new.account: must be the site: acme, where"),
        ("stripe", {"account": "two words"}, "sources.new.account: must be copied from the provider as one word"),
        ("stripe", {"webhook_id": 7}, "sources.new.webhook_id: must be copied from the provider as one word"),
        ("stripe", {"currency": "EURO"}, 'sources.new.currency: must be an ISO 4217 code such as "EUR"'),
        ("stripe", {"currency": "eur"}, 'sources.new.currency: must be an ISO 4217 code such as "EUR"'),
        ("stripe", {"currency": ""}, 'sources.new.currency: must be an ISO 4217 code such as "EUR"'),
        ("xero", {"time_zone": "NZT"}, "sources.new.time_zone: must be a time zone such as"),
        ("stripe", {"sandbox": "yes"}, "sources.new.sandbox:"),
    ],
)
def test_what_a_source_lacks_is_named_with_what_to_do(provider: str, settings: dict[str, Any], named: str) -> None:
    (line,) = mistakes(source(provider, **settings))
    assert line.startswith(f"surveys.toml: {named}")


@pytest.mark.parametrize(
    ("provider", "settings"),
    [
        ("square", {"url": "https://nps.example.com/webhooks/new"}),
        ("paypal", {"webhook_id": "8PT597110X687430LKGECATA"}),
        ("chargebee", {"account": "acme-test"}),
        ("chargebee", {"api_url": "http://127.0.0.1:8025/apis/new"}),
        ("shopify", {"account": "kranich-tea.myshopify.com"}),
        ("stripe", {"currency": "presentment"}),
    ],
)
def test_nothing_else_is_asked_for(provider: str, settings: dict[str, Any]) -> None:
    assert "new" in policy_of(source(provider, **settings)).sources


def test_an_unknown_provider_is_one_mistake_and_not_several() -> None:
    assert len(mistakes(source("strype"))) == 1


def test_all_mistakes_are_listed_at_once() -> None:
    changed = tables() | {"time_zone": "nowhere", "colour": "red"}
    assert len(mistakes(changed)) == 2


def test_a_file_that_is_no_toml_is_named_with_its_line(tmp_path: Path) -> None:
    broken = tmp_path / "surveys.toml"
    broken.write_text("[defaults\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"surveys\.toml: .*line 1"):
        load_policy(broken)
