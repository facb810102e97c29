"""Windows, law, caps, reminders and campaigns of surveys.toml, and the names of its mistakes."""

import tomllib
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from afterbill.model.billing import Touchpoint
from afterbill.model.campaigns import CAMPAIGNS, Campaign, Every
from afterbill.model.consent import Need
from afterbill.model.errors import ConfigurationError
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.policy import Policy
from afterbill.outreach.sending_window import SendingWindow
from afterbill.settings.surveys import load_policy, policy_of

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = (ROOT / "layers/config/surveys.toml").read_text(encoding="utf-8")
NEW_YEAR = date(2027, 1, 1)
QUARTERLY = {"touchpoint": "renewed", "every": "quarter", "start": NEW_YEAR}
THREE_WAYS = ("channels", ["in_app", "sms", "mail"])
MORNINGS = {"days": ["mon"], "hours": ["09:00-12:00"]}


def changed(*changes: tuple[str, object]) -> dict[str, Any]:
    """The shipped file with other values at these paths."""
    tables = tomllib.loads(SHIPPED)
    for path, value in changes:
        *folders, key = path.split(".")
        place = tables
        for folder in folders:
            place = place.setdefault(folder, {})
        place[key] = value
    return tables


def understood(*changes: tuple[str, object]) -> Policy:
    return policy_of(changed(*changes))


def mistakes(*changes: tuple[str, object]) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        understood(*changes)
    return str(caught.value).splitlines()


def mistake(*changes: tuple[str, object]) -> str:
    """The only one, without the name of the file that each begins with."""
    [line] = mistakes(*changes)
    file, _, message = line.partition(": ")
    assert file == "surveys.toml"
    return message


# What the shipped file means


def test_the_shipped_file_writes_to_nobody_whose_law_forbids_it_nor_at_night() -> None:
    policy = load_policy(ROOT / "layers/config/surveys.toml")
    assert policy.legal.need("DE") is policy.legal.need(None) is Need.CUSTOMER
    windows = {rule.window for rule in policy.rules.values()}
    assert windows == {
        SendingWindow("office", frozenset(range(7)), ((540, 720), (780, 1020)), weekends=False, holidays=False)
    }


def test_the_shipped_file_sends_one_reminder_while_the_survey_can_still_be_answered() -> None:
    rules = load_policy(ROOT / "layers/config/surveys.toml").rules.values()
    assert all(timedelta(0) < rule.reminder < rule.expiry for rule in rules)


def test_the_shipped_file_asks_nobody_about_a_payment_or_an_order_of_zero() -> None:
    rules = load_policy(ROOT / "layers/config/surveys.toml").rules
    paid = {Touchpoint.PAYMENT_SUCCEEDED, Touchpoint.RENEWED, Touchpoint.ORDER_PAID, Touchpoint.ORDER_FULFILLED}
    assert {touchpoint for touchpoint, rule in rules.items() if rule.ask and rule.paid_only} == paid


# What may be left out


def test_what_a_file_says_nothing_of_is_strict_and_has_no_limits() -> None:
    tables = changed()
    for table in ("windows", "legal", "sending"):
        del tables[table]
    for key in ("window", "patience", "reminder", "quota"):
        del tables["defaults"][key]
    policy = policy_of(tables)
    rule = policy.rules[Touchpoint.RENEWED]
    assert (rule.window, rule.patience, rule.reminder, rule.quota) == (None, timedelta(days=14), timedelta(0), 0)
    assert policy.legal.need("CH") is Need.CUSTOMER
    assert policy.sending == SendingCaps()
    assert policy.campaigns == {}


# Windows


def test_a_touchpoint_may_have_a_window_of_its_own_or_none() -> None:
    policy = understood(
        ("windows.mornings", MORNINGS), ("touchpoints.renewed.window", "mornings"), ("touchpoints.release.window", "")
    )
    window = policy.rules[Touchpoint.RENEWED].window
    assert window == SendingWindow("mornings", frozenset({0}), ((540, 720),), weekends=False, holidays=False)
    assert policy.rules[Touchpoint.RELEASE].window is None


def test_hours_that_touch_do_not_overlap() -> None:
    window = understood(("windows.office.hours", ["12:00-13:00", "09:00-12:00"])).rules[Touchpoint.RENEWED].window
    assert window is not None
    assert window.hours == ((540, 780),)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("hours", ["09:00-12:00", "11:00-13:00"], '"09:00-12:00" and "11:00-13:00" overlap'),
        ("hours", ["22:00-06:00"], '"22:00-06:00" must end later than it begins; over midnight write two'),
        ("hours", ["12:00-12:00"], '"12:00-12:00" must end later than it begins'),
        ("hours", ["25:00-26:00"], 'must be hours such as "09:00-12:00"'),
        ("hours", ["9 to 5"], 'must be hours such as "09:00-12:00"'),
        ("hours", [], "must list hours"),
        ("hours", "09:00-12:00", 'must be a list such as ["09:00-12:00", "13:00-17:30"]'),
        ("hours", [9], "must be a list such as"),
        ("days", [], "must list each day once, at least one of mon, tue"),
        ("days", ["mon", "mon"], "must list each day once"),
        ("days", ["monday"], "must list days out of mon, tue"),
        ("days", "mon", 'must be a list such as ["mon", "tue"]'),
        ("weekends", "no", "must be true or false"),
        ("hour", ["09:00-12:00"], '"hour" is unknown; did you mean "hours"?'),
    ],
)
def test_a_mistake_in_a_window_is_named(key: str, value: object, message: str) -> None:
    assert mistake((f"windows.office.{key}", value)).startswith(f"windows.office.{key}: {message}")


@pytest.mark.parametrize("days", [["sat", "sun"], ["sun"]])
def test_a_window_that_never_opens_is_a_mistake(days: list[str]) -> None:
    message = mistake(("windows.office.days", days))
    assert message == "windows.office: never opens: its days are all of the weekend, and weekends = false"
    assert understood(("windows.office.days", days), ("windows.office.weekends", True))


def test_a_window_says_its_days_and_hours() -> None:
    assert mistake(("windows.lazy", {"days": ["mon"]})) == "windows.lazy.hours: is missing"


def test_a_window_that_does_not_exist_is_named_with_the_one_that_was_meant() -> None:
    message = mistake(("touchpoints.renewed.window", "ofice"))
    place, _, what = message.partition(": ")
    assert place == "touchpoints.renewed.window"
    assert what == 'there is no such table under [windows]: "ofice" is unknown; did you mean "office"?'


@pytest.mark.parametrize("windows", [[], 3, "office"])
def test_windows_that_are_no_tables_are_named(windows: object) -> None:
    assert any(
        line.startswith("surveys.toml: windows: must be a table, not ") for line in mistakes(("windows", windows))
    )


def test_a_name_that_is_none_is_told() -> None:
    assert mistake(("windows.Big Window", MORNINGS)).startswith("windows.Big Window: ")


# Mistakes under [defaults]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("delay", "-3d", 'must be a duration such as "20s", "90m", "48h" or "3d"'),
        ("dealy", "3d", '"dealy" is unknown; did you mean "delay"?'),
        ("colour", "red", '"colour" is unknown'),
        ("window", "ofice", "there is no such table under [windows]"),
        ("reminder", "90d", "must be shorter than the cooldown"),
        ("reminder", "30d", "must be longer than the reminder takes"),
        ("sampling", 2, "must be at most 1, not 2"),
    ],
)
def test_what_every_touchpoint_takes_from_the_defaults_is_said_once(key: str, value: object, message: str) -> None:
    place = "expiry" if "longer" in message else key
    assert mistake(("defaults." + key, value)).startswith(f"defaults.{place}: {message}")


def test_what_the_defaults_lack_is_said_once() -> None:
    tables = changed()
    del tables["defaults"]["cooldown"]
    with pytest.raises(ConfigurationError, match=r"^surveys\.toml: defaults\.cooldown: is missing$"):
        policy_of(tables)


def test_what_a_touchpoint_says_itself_is_its_own_mistake() -> None:
    found = mistakes(("defaults.delay", "soon"), ("touchpoints.renewed.delay", "later"))
    assert [line.split(": ")[1] for line in found] == ["defaults.delay", "touchpoints.renewed.delay"]


# Reminder, expiry, cooldown, patience, quota


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ([("reminder", "30d")], "expiry"),
        ([("reminder", "31d")], "expiry"),
        ([("expiry", "7d")], "expiry"),
        ([("cooldown", "7d")], "reminder"),
        ([("cooldown", "6d")], "reminder"),
        ([("reminder", "80d"), ("cooldown", "80d"), ("expiry", "81d")], "reminder"),
    ],
)
def test_a_reminder_that_fits_neither_expiry_nor_cooldown_is_the_touchpoints_mistake(
    changes: list[tuple[str, str]], key: str
) -> None:
    """Any of the three that it sets itself: the defaults are right for all the others."""
    complaint = {"expiry": "must be longer than the reminder takes", "reminder": "must be shorter than the cooldown"}
    message = mistake(*((f"touchpoints.renewed.{name}", value) for name, value in changes))
    assert message.startswith(f"touchpoints.renewed.{key}: {complaint[key]}")


@pytest.mark.parametrize(
    ("key", "message", "changes"),
    [
        ("fallback", "must be shorter than the cooldown, or", [("fallback", "8d"), ("cooldown", "8d")]),
        ("fallback", "must be shorter than the cooldown, once for every", [("fallback", "45d"), THREE_WAYS]),
        ("expiry", "must be longer than the fallback takes, or", [("fallback", "30d")]),
        ("expiry", "must be longer than the fallback takes, once for every", [("fallback", "15d"), THREE_WAYS]),
    ],
)
def test_fallbacks_that_fit_neither_expiry_nor_cooldown_are_a_mistake(
    key: str, message: str, changes: list[tuple[str, object]]
) -> None:
    product = [("in_product.source", "stripe"), ("in_product.origins", ["https://app.example.com"])]
    rule = {"reminder": "0d", "channels": ["mail", "sms"]} | dict(changes)
    complaint = mistake(*product, *((f"touchpoints.renewed.{name}", value) for name, value in rule.items()))
    assert complaint.startswith(f"touchpoints.renewed.{key}: {message}")


@pytest.mark.parametrize(
    "changes",
    [
        [("channels", ["mail", "sms"]), ("fallback", "29d")],
        [("channels", ["mail", "sms"]), ("fallback", "20d"), ("cooldown", "0d")],
        [("channels", ["mail"]), ("fallback", "200d")],
        [("channels", ["mail", "sms"]), ("fallback", "0d")],
        [("reminder", "29d")],
        [("expiry", "8d")],
        [("cooldown", "8d")],
        [("cooldown", "0d")],
        [("reminder", "0d"), ("expiry", "1s"), ("cooldown", "1s")],
    ],
)
def test_one_that_fits_is_none(changes: list[tuple[str, str]]) -> None:
    assert understood(*((f"touchpoints.renewed.{name}", value) for name, value in changes))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("patience", "59m"),
        ("patience", "-1d"),
        ("reminder", "-1d"),
        ("cooldown", "-1d"),
        ("quota", -1),
        ("quota", 1.5),
        ("quota", True),
        ("window", 3),
    ],
)
def test_what_no_value_can_be_is_named(key: str, value: object) -> None:
    assert mistake((f"touchpoints.renewed.{key}", value)).startswith(f"touchpoints.renewed.{key}: ")


def test_an_hour_is_patience_enough() -> None:
    assert understood(("touchpoints.renewed.patience", "1h")).rules[Touchpoint.RENEWED].patience == timedelta(hours=1)


# The law


def test_the_relaxed_preset_asks_for_nothing_but_where_a_country_does() -> None:
    legal = understood(("legal", {"preset": "relaxed", "countries": {"DE": "consent"}})).legal
    assert (legal.need("DE"), legal.need("CH"), legal.need(None)) == (Need.CONSENT, Need.NOTHING, Need.CONSENT)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("preset", "stict", '"stict" is unknown; did you mean "strict"?'),
        ("preset", 3, "must be one of strict, relaxed, not 3"),
        ("presets", "strict", '"presets" is unknown; did you mean "preset"?'),
        (
            "countries.DE",
            "consnt",
            '"consnt" is unknown; did you mean "consent"?',
        ),
    ],
)
def test_a_mistake_about_the_law_is_named(path: str, value: object, message: str) -> None:
    assert mistake((f"legal.{path}", value)) == f"legal.{path}: {message}"


@pytest.mark.parametrize("code", ["UK", "XX", "de", "D", "DEU", "Germany"])
def test_a_country_that_does_not_exist_is_a_mistake_and_not_a_rule_that_never_applies(code: str) -> None:
    message = mistake((f"legal.countries.{code}", "consent"))
    assert (
        message == f'legal.countries.{code}: must be the ISO 3166 code of a country such as "DE" or "GB", not "{code}"'
    )


def test_a_table_of_the_law_says_its_preset() -> None:
    assert mistake(("legal", {"countries": {"DE": "consent"}})) == "legal.preset: is missing"


# Limits


def test_limits_are_taken_as_they_stand() -> None:
    message = {"per_hour": 100, "per_day": 1000, "max_bounce_rate": 0.05, "max_complaint_rate": 0.001}
    assert understood(("sending", message)).sending == SendingCaps(100, 1000, 0.05, 0.001)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("per_hour", -1),
        ("per_day", 1.5),
        ("max_bounce_rate", 0),
        ("max_bounce_rate", 1.1),
        ("max_complaint_rate", -0.1),
        ("per_minute", 3),
    ],
)
def test_a_limit_that_cannot_be_is_named(key: str, value: object) -> None:
    assert mistake((f"sending.{key}", value)).startswith(f"sending.{key}: ")


# Campaigns


def test_a_campaign_comes_back_each_period_or_ends() -> None:
    once = {"touchpoint": "renewed", "over": "14d", "start": NEW_YEAR}
    assert understood(("campaigns", {"often": QUARTERLY, "once": once})).campaigns == {
        "often": Campaign(Touchpoint.RENEWED, NEW_YEAR, Every.QUARTER, 0),
        "once": Campaign(Touchpoint.RENEWED, NEW_YEAR, None, 14),
    }


def test_a_campaign_for_a_touchpoint_that_asks_nobody_is_a_mistake() -> None:
    message = mistake(("campaigns.x", QUARTERLY | {"touchpoint": "relationship"}))
    assert message == "campaigns.x: [touchpoints.relationship] has ask = false: it would ask nobody"
    assert understood(
        ("campaigns.x", QUARTERLY | {"touchpoint": "relationship"}), ("touchpoints.relationship.ask", True)
    )


@pytest.mark.parametrize("lengths", [{}, {"every": "quarter", "over": "14d"}])
def test_a_campaign_says_one_of_every_and_over(lengths: dict[str, str]) -> None:
    message = mistake(("campaigns.x", {"touchpoint": "renewed", "start": NEW_YEAR} | lengths))
    assert message.startswith('campaigns.x: needs either every = "quarter" or "half-year", or over = "14d"')


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("touchpoint", "renewd", '"renewd" is unknown; did you mean "renewed"?'),
        ("every", "year", '"year" is unknown; did you mean "half-year"?'),
        ("start", "2027-01-01", "must be a day such as 2027-01-31, without quotes"),
        ("start", datetime(2027, 1, 1, 9), "must be a day such as 2027-01-31, without quotes"),  # noqa: DTZ001  # as TOML has it, without a zone
        ("until", NEW_YEAR, '"until" is unknown'),
    ],
)
def test_a_mistake_in_a_campaign_is_named(key: str, value: object, message: str) -> None:
    assert mistake(("campaigns.x", QUARTERLY | {key: value})).startswith(f"campaigns.x.{key}: {message}")


@pytest.mark.parametrize("over", ["3h", "367d", "-1d", "soon"])
def test_a_campaign_is_spread_over_a_day_at_least_and_a_year_at_most(over: str) -> None:
    message = mistake(("campaigns.x", {"touchpoint": "renewed", "start": NEW_YEAR, "over": over}))
    assert message.startswith("campaigns.x.over: ")


def test_a_campaign_says_when_it_starts() -> None:
    message = mistake(("campaigns.x", {"touchpoint": "renewed", "every": "quarter"}))
    assert message == "campaigns.x.start: is missing"


def test_no_source_may_be_named_as_campaigns_are() -> None:
    message = mistake(("sources.campaigns", {"provider": "stripe"}))
    assert message == "sources.campaigns: this name is taken by [campaigns]: choose another one"


def test_what_campaigns_report_comes_from_a_source_that_no_file_names() -> None:
    policy = understood(("campaigns.x", QUARTERLY))
    assert CAMPAIGNS not in policy.sources
    assert policy.source(CAMPAIGNS).name == CAMPAIGNS
    assert policy.source("stripe") == policy.sources["stripe"]


# Unknown keys


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("campagins", '"campagins" is unknown; did you mean "campaigns"?'),
        ("touchpoints.renewed.remindr", '"remindr" is unknown; did you mean "reminder"?'),
        ("sources.stripe.acount", '"acount" is unknown; did you mean "account"?'),
        ("sending.zebra", '"zebra" is unknown'),
    ],
)
def test_an_unknown_key_is_named_with_the_one_that_was_meant(path: str, message: str) -> None:
    assert mistake((path, "x")) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"data.customer.emial": "mail"}, 'is unknown; did you mean "data.customer.email"?'),
        ({"data.id": ""}, 'must be a path such as "payload.owner.mail", not ""'),
        ({"data.id": "a..b"}, 'must be a path such as "payload.owner.mail", not "a..b"'),
    ],
)
def test_a_field_map_names_what_there_is(fields: dict[str, str], message: str) -> None:
    [line] = mistakes(("sources", {"events": {"provider": "standard_webhooks", "fields": fields}}))
    assert line.startswith('surveys.toml: sources.events.fields."data.')
    assert line.endswith(message)


def test_a_field_map_may_name_attributes_and_what_a_basis_is_made_of() -> None:
    fields = {"data.attributes.seats": "seats.0", "consent_at": "gdpr_date"}
    events = {"provider": "standard_webhooks", "fields": fields}
    assert understood(("sources", {"events": events})).sources["events"].fields == fields


def test_a_field_map_has_one_unit_for_amounts() -> None:
    fields = {"data.amount.value": "total", "data.amount.minor": "cents"}
    [line] = mistakes(("sources", {"events": {"provider": "standard_webhooks", "fields": fields}}))
    assert line.startswith("surveys.toml: sources.events.fields: maps data.amount.value and data.amount.minor:")


def test_a_foreign_type_may_mean_what_only_changes_a_subscription() -> None:
    types = {"subscription.uncancelled": "cancellation_withdrawn", "subscription.completed": "subscription_expired"}
    events = {"provider": "standard_webhooks", "types": types}
    assert understood(("sources", {"events": events})).sources["events"].types == types
