"""The page of settings: the configuration as it was deployed, and nothing that opens anything."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from afterbill.settings import config
from afterbill.settings.surveys import policy_of
from afterbill_console.adapters.settings import deployed
from afterbill_console.health.deps import Deployed, StackDeps
from afterbill_console.pages.settings import span
from afterbill_console.roles import Role
from afterbill_dev.console.world import World

MORE = """
[windows.office]
days = ["mon", "tue"]
weekends = true
holidays = true

[sending]
per_hour = 500
per_day = 4000

[legal.countries]
DE = "consent"

[segments]
industry = "industry"

[reports]
account = "company_id"
pairs = [["plan", "country"]]

[[revenue.rates]]
since = 2027-01-01
currency = "USD"
price = 0.92

[[journey.steps]]
name = "Paying"
touchpoints = ["payment_succeeded"]
owner = "Billing"
notes = [{ text = "A second mail.", source = "interviews", date = 2026-11-02 }]
[[journey.steps]]
name = "Getting help"
stage = "support"

[in_product]
source = "stripe"
origins = ["https://app.example.com"]

[links.counter]
touchpoint = "support_resolved"

[test]
recipients = ["somebody@example.net", "another@example.net"]

[touchpoints.renewed]
ask = true
channels = ["in_app", "mail"]
quota = 100
sampling = 0.5
window = ""
delay = "0s"
cooldown = "180h"
reminder = "0d"

[touchpoints.cancelled]
ask = true
stops = "subscription"

[touchpoints.relationship]
ask = true

[campaigns.relationship]
touchpoint = "relationship"
every = "quarter"
start = 2027-01-01

[campaigns.version-2]
touchpoint = "relationship"
start = 2027-03-01
over = "14d"

[sources.shop]
provider = "shopify"
account = "acme.myshopify.com"
sandbox = true
test_mode = true
currency = "EUR"

[sources.own]
provider = "standard_webhooks"
[sources.own.types]
"order.paid" = "order_paid"
"""


def shown(world: World, language: str = "en", **deps: object) -> str:
    stack = StackDeps(world.documents, deps.get("settings", world.deps.stack.settings))  # type: ignore[arg-type]
    object.__setattr__(world.deps, "stack", stack)
    answer = world.get("/app/settings", world.sign_in(language=language))
    assert answer.status == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.body).split())


def configured(surveys: str) -> Deployed:
    """The shipped configuration with these tables in it."""
    tables = with_more(config.surveys_table(), config.parse_toml(surveys, "surveys.toml"))
    return Deployed(policy_of(tables), config.brand(), {"en": "English", "de": "Deutsch"})


def with_more(tables: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    inner = {name: with_more(tables.get(name, {}), one) for name, one in more.items() if isinstance(one, dict)}
    return {**tables, **more, **inner}


def test_the_shipped_configuration_is_told_in_words(world: World):
    page = shown(world)

    assert "9 touchpoints are asked about" in page
    assert "Mails an hour, at most no cap" in page
    assert "Sending stops when this share bounces 4.00 %" in page
    assert "Asked is who gave consent, or is a customer who was told of the right to object." in page
    assert "office : every day, 09:00–12:00, 13:00–17:00." in page
    assert "Trail of looks and changes 1,095 days" in page
    assert "No address gets test surveys." in page
    assert "There are no campaigns." in page


def test_everything_an_operator_may_add_is_there(world: World):
    page = shown(world, settings=lambda: configured(MORE))

    for sentence in (
        "Mails a day, at most 4,000",
        "DE Only who gave consent is asked.",
        "Own segments industry",
        "Attribute of an account company_id",
        "Pairs that are compared Plan × Country",
        "1 USD from 1 Jan 2027 0.9200 EUR",
        "Paying , Billing · Payment made · notes: 1, measures: 0",
        "Getting help · Support",
        "the source stripe knows the users",
        "https://app.example.com",
        "/q/counter Support request resolved",
        "2 addresses get test surveys.",
        "relationship : Regular survey, from 1 Jan 2027, every quarter",
        "version-2 : Regular survey, from 1 Mar 2027, once, over 14 days",
        "shop Test account Shopify acme.myshopify.com, EUR count as real ones",
        "Standard Webhooks 1 field is mapped",
        "office : Mon, Tue, 09:00–12:00, 13:00–17:00. Also on the weekend of the country. Also on public holidays.",
        "at once at any time In the product, E-mail 180 hours none",
        "At most 100 mails a month. In the product who was seen within 14 days.",
        "Without an answer, by the next channel after 3 days.",
        "Stops surveys about the same subscription.",
    ):
        assert sentence in page, (sentence, page)


def test_a_configuration_without_windows_asks_at_any_time(world: World):
    page = shown(world, settings=lambda: configured('[defaults]\nwindow = ""\n'))

    assert "those of the customer. at any time" in page


def test_addresses_of_people_are_counted_and_not_shown(world: World):
    assert "somebody@example.net" not in shown(world, settings=lambda: configured(MORE))


def test_the_page_speaks_german(world: World):
    page = shown(world, "de")

    assert "Gefragt wird an 9 Kontaktpunkten" in page
    assert "Weiterempfehlung (NPS) 14 Tage" in page
    assert "Kunden 730 Tage" in page
    assert "Absenderadresse SenderAddress umfrage@example.com" in page


def test_parameters_are_those_that_the_last_check_saw(world: World):
    page = shown(world)

    assert "As last read on 30 Nov 2026, 10:26." in page
    assert "Regular steps run ComputeRate rate(15 minutes)" in page


def test_before_the_first_check_parameters_are_not_known(world: World):
    world.documents.documents.clear()

    assert "The parameters stand here after the first check" in shown(world)


def test_it_says_how_to_change_it(world: World):
    page = shown(world)

    assert "Nothing can be changed here." in page
    assert "afterbill init" in page
    assert "make deploy" in page


@pytest.mark.parametrize(
    ("period", "text"),
    [
        (timedelta(days=2), "2 days"),
        (timedelta(hours=36), "36 hours"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(seconds=75), "75 seconds"),
        (timedelta(0), ""),
    ],
)
def test_periods_are_written_in_their_largest_whole_unit(period, text):
    class Seen:
        numbers = type("N", (), {"language": "en"})

    assert span(period, Seen()) == text  # type: ignore[arg-type]


def test_nobody_but_an_admin_opens_it(world: World):
    assert [role for role in Role if world.get("/app/settings", world.sign_in(role)).status == 200] == [Role.ADMIN]


def test_the_configuration_layer_is_read_once_with_the_names_of_its_languages():
    assert deployed() is deployed()
    assert deployed().languages["de"] == "Deutsch"
    assert "de-informal" not in deployed().languages
