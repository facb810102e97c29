from dataclasses import replace

import pytest

from afterbill.domain.brand import (
    SURFACE,
    SURFACE_DARK,
    Brand,
    catalog_problems,
    choose_locale,
    contrast,
    ink_on,
    negotiate_locale,
    placeholders,
    wording,
)
from afterbill.domain.errors import ConfigurationError

BRAND = Brand(company="Muster GmbH", product="{Muster}", sender_name="Muster", default_locale="en", imprint="")
AVAILABLE = ("de", "en", "pt-BR")


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_CH", "de"),
        ("de_DE.UTF-8", "de"),
        ("DE", "de"),
        (" de ", "de"),
        ("de-Latn-DE-1996", "de"),
        ("pt_br", "pt-BR"),
        ("pt", "en"),
        ("fr", "en"),
        ("deutsch", "en"),
        ("-", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_nearest_available_language_is_chosen(wanted: str | None, chosen: str) -> None:
    assert choose_locale(wanted, AVAILABLE, "en") == chosen


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("en;q=0.8, de", "de"),
        ("fr, de;q=0.5, en;q=0.4", "de"),
        ("de;q=0, en;q=0.1", "en"),
        ("de;q=high", "en"),
        ("de;level=1", "de"),
        ("*", "en"),
        (",;,=;q", "en"),
        ("", "en"),
        (None, "en"),
    ],
)
def test_browsers_preference_is_followed(header: str | None, chosen: str) -> None:
    assert negotiate_locale(header, AVAILABLE, "en") == chosen


def test_wording_fills_in_the_brands_names_and_the_values_given() -> None:
    words = wording(BRAND, {"en": {"hello": "{name}, {product} by {company}"}}, "fr")
    assert words("hello", name="{Ada}") == "{Ada}, {Muster} by Muster GmbH"
    assert words.locale == "en"


@pytest.mark.parametrize("key", ["company", "product", "sender_name"])
def test_a_name_may_not_be_empty(key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{key} is empty"):
        replace(BRAND, **{key: " "})


@pytest.mark.parametrize("key", ["company", "product", "sender_name", "reply_to"])
def test_what_goes_into_mail_headers_is_one_line(key: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{key} must be one line"):
        replace(BRAND, **{key: "Muster\r\nBcc: x"})


@pytest.mark.parametrize("colour", ["petrol", "#fff", "#0f5f6b;}", "#0f5f6g", "#0f5f6b\n"])
@pytest.mark.parametrize("key", ["accent", "accent_dark"])
def test_a_colour_is_six_hexadecimal_digits(key: str, colour: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{key} must be a colour"):
        replace(BRAND, **{key: colour})


@pytest.mark.parametrize(("key", "colour"), [("accent", "#777777"), ("accent_dark", "#666666")])
def test_a_colour_too_faint_to_read_is_refused(key: str, colour: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{key} has a contrast of"):
        replace(BRAND, **{key: colour})


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://muster.example", "muster.example"])
def test_privacy_notice_is_a_web_address(url: str) -> None:
    with pytest.raises(ConfigurationError, match="privacy_url"):
        replace(BRAND, privacy_url=url)


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert contrast("#ffffff", "#ffffff") == 1


def test_ink_is_whichever_is_easier_to_read() -> None:
    assert ink_on(SURFACE) == "#000000"
    assert ink_on(SURFACE_DARK) == "#ffffff"


def test_catalogs_that_agree_have_no_problems() -> None:
    assert catalog_problems({"en": {"a": "{x} {y}"}, "de": {"a": "{y} {x} {x}"}}, "en") == []


def test_default_language_needs_a_catalog() -> None:
    assert catalog_problems({"en": {}}, "fr") == ["brand.toml: default_locale is 'fr', but there is no locales/fr.toml"]


def test_problems_name_file_and_key() -> None:
    catalogs = {"en": {"a": "", "b": "{x}"}, "de": {"b": "{y}", "c": ""}}
    assert catalog_problems(catalogs, "en") == [
        "locales/de.toml: a is missing",
        "locales/de.toml: c is not used",
        "locales/de.toml: b has the placeholders ['y'], expected ['x']",
    ]


def test_a_text_with_a_stray_brace_has_no_readable_placeholders() -> None:
    assert placeholders("50 % } off") == ["?"]
