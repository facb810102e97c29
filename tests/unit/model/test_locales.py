import pytest

from afterbill.model.locales import locale_of
from afterbill.settings.almanac import load_almanac


@pytest.mark.parametrize(
    ("locale", "country", "tag"),
    [
        ("de", "CH", "de-CH"),
        (None, "CH", "de-CH"),
        ("", "at", "de-AT"),
        ("en", "DE", "en-DE"),
        ("en-US", "DE", "en-US"),
        ("de_CH.UTF-8", "DE", "de_CH.UTF-8"),
        ("es-419", "MX", "es-419"),
        ("zh_Hant", "TW", "zh-hant-TW"),
        ("fr", None, "fr"),
        ("fr", "France", "fr"),
        (None, "XX", ""),
        (None, "", ""),
        (None, None, ""),
    ],
)
def test_a_language_is_the_customers_else_that_of_the_country(
    locale: str | None, country: str | None, tag: str
) -> None:
    assert locale_of(locale, country, load_almanac().languages) == tag
