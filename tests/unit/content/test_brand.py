from dataclasses import replace
from typing import Any

import pytest

from afterbill.content.brand import Brand, Voice, brand_of
from afterbill.model.check_messages import shown
from afterbill.model.errors import ConfigurationError

SETTINGS: dict[str, Any] = {
    "company": "Muster GmbH",
    "product": "{Muster}",
    "sender_name": "Muster",
    "reply_to": "erika@muster.example",
    "default_locale": "en",
    "imprint": "Musterstraße 1",
    "privacy_url": "https://muster.example/privacy",
}
BRAND = Brand(**SETTINGS)


def mistakes(**settings: Any) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        brand_of({**SETTINGS, **settings})
    return str(caught.value).splitlines()


def test_settings_make_a_brand() -> None:
    assert brand_of(SETTINGS) == BRAND
    assert brand_of({**SETTINGS, "informal": ["de"]}).informal == ("de",)


def test_what_stands_at_no_touchpoint_holds_for_all() -> None:
    assert BRAND.voice("renewed") == Voice("{Muster}", "Muster", "", "erika@muster.example")


def test_a_touchpoint_may_speak_differently() -> None:
    own = {"object": "service", "sender_address": "help@muster.example"}
    brand = replace(BRAND, service="Muster Hilfe", touchpoints={"support_resolved": own})
    assert brand.voice("support_resolved") == Voice(
        "Muster Hilfe", "Muster", "help@muster.example", "erika@muster.example"
    )
    assert brand.voice("renewed").object == "{Muster}"


@pytest.mark.parametrize(("chosen", "name"), [("company", "Muster GmbH"), ("product", "{Muster}")])
def test_the_question_can_ask_about_another_thing(chosen: str, name: str) -> None:
    assert replace(BRAND, object=chosen).voice("").object == name


def test_a_service_without_a_name_is_called_like_the_product() -> None:
    assert replace(BRAND, object="service").voice("").object == "{Muster}"


@pytest.mark.parametrize("key", ["company", "product", "sender_name", "imprint", "default_locale"])
def test_what_every_mail_needs_may_not_be_empty(key: str) -> None:
    assert mistakes(**{key: " "}) == [f"brand.toml: {key} is empty"]


@pytest.mark.parametrize("key", ["company", "product", "service", "sender_name"])
@pytest.mark.parametrize("text", ["Muster\r\nBcc: x", "Muster\n"])
def test_what_goes_into_mail_headers_is_one_line(key: str, text: str) -> None:
    assert mistakes(**{key: text}) == [f"brand.toml: {key} must be one line"]


@pytest.mark.parametrize("key", ["accent", "accent_dark"])
def test_a_colour_is_six_hexadecimal_digits(key: str) -> None:
    assert mistakes(**{key: "petrol"}) == [f'brand.toml: {key} must be a colour such as #0f5f6b, not "petrol"']


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "http://muster.example", "https://", "https://a.example/ b"]
)
def test_privacy_notice_is_a_web_address(url: str) -> None:
    assert mistakes(privacy_url=url) == [
        f'brand.toml: privacy_url must be the https:// address of your privacy notice, not "{url}"'
    ]


def test_a_logo_is_loaded_safely_or_not_at_all() -> None:
    assert brand_of({**SETTINGS, "logo_url": "https://muster.example/logo.png"}).logo_url
    assert mistakes(logo_url="http://muster.example/logo.png") == [
        'brand.toml: logo_url must be the https:// address of a picture, not "http://muster.example/logo.png"'
    ]


@pytest.mark.parametrize(
    "address",
    ["", "erika", "Erika <erika@muster.example>", "a@b.example, c@d.example", "a@b.example\n", "a b@c.example"],
)
def test_replies_go_to_one_plain_address(address: str) -> None:
    assert mistakes(reply_to=address) == [
        f"brand.toml: reply_to must be one address such as hello@example.com, not {shown(address)}"
    ]


@pytest.mark.parametrize("address", ["noreply@a.example", "no-reply@a.example", "DoNotReply+x@a.example"])
def test_replies_reach_a_person(address: str) -> None:
    (mistake,) = mistakes(reply_to=address)
    assert mistake == "brand.toml: reply_to must reach a person, for people reply to surveys: enter a mailbox you read"


def test_an_unknown_setting_is_told_with_the_one_that_was_meant() -> None:
    assert mistakes(sender_nam="Muster") == ['brand.toml: "sender_nam" is unknown; did you mean "sender_name"?']


def test_a_setting_that_is_misspelt_is_not_told_as_missing_too() -> None:
    with pytest.raises(ConfigurationError) as caught:
        brand_of({"replyto" if key == "reply_to" else key: value for key, value in SETTINGS.items()})
    assert str(caught.value) == 'brand.toml: "replyto" is unknown; did you mean "reply_to"?'


def test_a_missing_setting_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"^brand.toml: reply_to is missing$"):
        brand_of({key: value for key, value in SETTINGS.items() if key != "reply_to"})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"product": 7}, "product must be a text in quotes, not 7"),
        ({"informal": "de"}, 'informal must be a list of languages such as ["de"], not "de"'),
        ({"informal": [1]}, 'informal must be a list of languages such as ["de"], not [1]'),
        ({"object": "shop"}, 'object must be one of company, product, service, not "shop"'),
        ({"touchpoints": 1}, "touchpoints must hold one table each, such as [touchpoints.support_resolved]"),
        ({"touchpoints": {"renewd": {}}}, 'touchpoints: "renewd" is unknown; did you mean "renewed"?'),
        ({"touchpoints": {"renewed": 1}}, "touchpoints.renewed must be a table, not 1"),
        (
            {"touchpoints": {"renewed": [{}]}},
            "touchpoints.renewed must be written [touchpoints.renewed], in single brackets",
        ),
        (
            {"touchpoints": {"renewed": {"objekt": "x"}}},
            'touchpoints.renewed: "objekt" is unknown; did you mean "object"?',
        ),
        ({"touchpoints": {"renewed": {"object": 1}}}, "touchpoints.renewed.object must be a text in quotes, not 1"),
        (
            {"touchpoints": {"renewed": {"object": "shop"}}},
            'touchpoints.renewed.object must be one of company, product, service, not "shop"',
        ),
        ({"touchpoints": {"renewed": {"sender_name": ""}}}, "touchpoints.renewed.sender_name is empty"),
        (
            {"touchpoints": {"renewed": {"sender_address": "E <e@a.example>"}}},
            'touchpoints.renewed.sender_address must be one address such as hello@example.com, not "E <e@a.example>"',
        ),
        (
            {"touchpoints": {"renewed": {"review_url": "reviews.example"}}},
            'touchpoints.renewed.review_url must be the https:// address of a page, or empty, not "reviews.example"',
        ),
        (
            {"touchpoints": {"renewed": {"reply_to": "no.reply@a.example"}}},
            "touchpoints.renewed.reply_to must reach a person, for people reply to surveys: enter a mailbox you read",
        ),
    ],
)
def test_what_cannot_be_used_is_named_by_its_key(settings: dict[str, Any], message: str) -> None:
    assert mistakes(**settings) == [f"brand.toml: {message}"]


def test_all_mistakes_are_told_at_once() -> None:
    assert len(mistakes(company="", accent="petrol", reply_to="")) == 3


@pytest.mark.parametrize("key", ["review_url", "referral_url"])
def test_where_those_go_who_recommend_us_may_differ_by_touchpoint(key: str) -> None:
    own = {"renewed": {key: "https://muster.example/renewed"}}
    brand = brand_of({**SETTINGS, key: "https://muster.example/all", "touchpoints": own})
    assert getattr(brand.voice("renewed"), key) == "https://muster.example/renewed"
    assert getattr(brand.voice("order_paid"), key) == "https://muster.example/all"
    assert not getattr(brand_of(SETTINGS).voice("renewed"), key)
    assert mistakes(**{key: "http://muster.example"}) == [
        f'brand.toml: {key} must be the https:// address of a page, or empty, not "http://muster.example"'
    ]
