"""Surveys inside the product and plain links of surveys.toml, and the names of its mistakes."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from afterbill.model.billing import Touchpoint
from afterbill.model.channels import InProduct
from afterbill.model.errors import ConfigurationError
from afterbill.outreach.policy import Policy
from afterbill.settings.surveys import policy_of

SHIPPED = (Path(__file__).resolve().parents[3] / "layers/config/surveys.toml").read_text(encoding="utf-8")
ORIGINS = ["https://app.example.com", "https://app.example.com:8443", "http://localhost:8931", "http://127.0.0.1"]


def understood(**tables: Any) -> Policy:
    return policy_of(tomllib.loads(SHIPPED) | tables)


def mistake(**tables: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        understood(**tables)
    [line] = str(caught.value).splitlines()
    return line.removeprefix("surveys.toml: ")


def test_without_the_tables_nobody_asks_and_no_link_leads_anywhere() -> None:
    assert (understood().in_product, dict(understood().links)) == (InProduct(), {})


def test_a_source_knows_the_users_and_pages_of_some_origins_may_ask() -> None:
    policy = understood(in_product={"source": "stripe", "origins": ORIGINS})

    assert policy.in_product == InProduct("stripe", tuple(ORIGINS))


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "https://*.example.com",
        "https://app.example.com/",
        "https://app.example.com/page",
        "https://App.example.com",
        "https://app.example.com:443",
        "http://app.example.com",
        "http://localhost:80",
        "app.example.com",
        "null",
        "",
        7,
    ],
)
def test_an_origin_is_spelled_as_browsers_spell_it(origin: object) -> None:
    message = mistake(in_product={"source": "stripe", "origins": [origin]})

    assert message.startswith("in_product.origins.0: must be scheme and host such as")


@pytest.mark.parametrize("table", [{"source": "stripe"}, {"origins": ORIGINS}])
def test_half_of_the_table_is_a_mistake(table: dict[str, Any]) -> None:
    assert mistake(in_product=table).startswith("in_product: needs both")


def test_the_source_must_be_there() -> None:
    message = mistake(in_product={"source": "strip", "origins": ORIGINS})

    assert "there is no such table under [sources]" in message
    assert "stripe" in message


def test_a_link_asks_at_a_touchpoint() -> None:
    assert dict(understood(links={"counter": {"touchpoint": "renewed"}}).links) == {"counter": Touchpoint.RENEWED}


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ({"counter": {}}, "links.counter.touchpoint: is missing"),
        ({"counter": {"touchpoint": "renew"}}, "links.counter.touchpoint:"),
        ({"Counter!": {"touchpoint": "renewed"}}, "links.Counter!:"),
        ({"counter": {"touchpoint": "renewed", "colour": "red"}}, "links.counter.colour:"),
    ],
)
def test_a_mistake_in_a_link_is_named_by_its_key(links: dict[str, Any], message: str) -> None:
    assert mistake(links=links).startswith(message)


IN_PRODUCT = {"source": "stripe", "origins": ORIGINS}


def asking(**keys: Any) -> dict[str, Any]:
    return {"touchpoints": {"renewed": keys}}


def test_asking_in_the_product_needs_its_table() -> None:
    message = mistake(**asking(channels=["in_app", "mail"]))

    assert message == (
        'touchpoints.renewed.channels: "in_app" needs [in_product] with source and origins: '
        'enter them, or take "in_app" out'
    )
    understood(in_product=IN_PRODUCT, **asking(channels=["in_app", "mail"]))


def test_a_default_that_asks_in_the_product_is_told_once() -> None:
    defaults = tomllib.loads(SHIPPED)["defaults"] | {"channels": ["in_app"]}

    assert mistake(defaults=defaults).startswith('defaults.channels: "in_app" needs [in_product]')


@pytest.mark.parametrize(
    ("general", "own"),
    [
        ({}, {"channels": ["in_app"], "seen_within": "0s"}),
        ({"seen_within": "0s"}, {"channels": ["in_app"]}),
    ],
)
def test_asking_in_the_product_alone_needs_time_to_be_seen(general: dict[str, Any], own: dict[str, Any]) -> None:
    defaults = tomllib.loads(SHIPPED)["defaults"] | general

    message = mistake(defaults=defaults, in_product=IN_PRODUCT, **asking(**own))

    assert message == (
        'touchpoints.renewed.channels: would ask nobody: with seen_within = "0s" nobody is asked "in_app", '
        "and there is no other way"
    )


def test_who_is_asked_in_another_way_need_not_be_seen() -> None:
    policy = understood(in_product=IN_PRODUCT, **asking(channels=["in_app", "mail"], seen_within="0s"))

    assert policy.rules[Touchpoint.RENEWED].channels == ("in_app", "mail")
