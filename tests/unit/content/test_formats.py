from datetime import date

import pytest

from afterbill.content.mail.formats import amount, day, formats_of
from afterbill.model.billing import Money


@pytest.mark.parametrize(
    ("language", "wanted", "money", "written"),
    [
        ("de", "de-DE", Money(123450, "EUR"), "1.234,50 €"),
        ("de", "de-CH", Money(123450, "CHF"), "CHF 1’234.50"),
        ("de", "de-AT", Money(123450, "EUR"), "€ 1.234,50"),
        ("fr", "fr-FR", Money(123450, "EUR"), "1 234,50 €"),
        ("en", "en-GB", Money(500, "GBP"), "£5.00"),
        ("en", "en-US", Money(500, "JPY"), "¥500"),
        ("en", "en-US", Money(123450, "CHF"), "CHF 1,234.50"),
        ("en", "en-US", Money(1, "KWD"), "KWD 0.001"),
        ("de", "de", Money(123450, "RSD"), "1.234,50 RSD"),
        ("nl", "nl-BE", Money(100, "EUR"), "€ 1,00"),
        ("es", "es-MX", Money(4900, "MXN"), "$49.00"),
        ("it", "it-IT", Money(999999999999999, "EUR"), "9.999.999.999.999,99 €"),
        ("en", "en-US", Money(100, "XYZ"), "XYZ 1.00"),
    ],
)
def test_amounts_keep_every_digit_of_their_currency(language: str, wanted: str, money: Money, written: str) -> None:
    assert amount(money, formats_of(language, wanted)).replace("\u00a0", " ").replace("\u202f", " ") == written


@pytest.mark.parametrize(
    ("language", "wanted", "written"),
    [
        ("de", "de-CH", "2. Januar 2026"),
        ("en", "en", "January 2, 2026"),
        ("en", "en-AU", "2 January 2026"),
        ("en", "en-001", "2 January 2026"),
        ("fr", "fr_CH.UTF-8", "2 janvier 2026"),
        ("es", "es-419", "2 de enero de 2026"),
        ("it", "", "2 gennaio 2026"),
        ("nl", "nl-Latn-NL", "2 januari 2026"),
        ("pt-BR", "pt-BR", "2 de janeiro de 2026"),
    ],
)
def test_days_are_written_as_people_of_the_region_do(language: str, wanted: str, written: str) -> None:
    assert day(date(2026, 1, 2), formats_of(language, wanted)) == written


@pytest.mark.parametrize("wanted", ["de-ZZ", "de-999", "de-", "de--", "deutsch", "en-US", "", "de-x-a"])
def test_a_region_nobody_knows_leaves_the_language(wanted: str) -> None:
    assert day(date(2026, 1, 2), formats_of("de", wanted)) == "2. Januar 2026"


def test_a_language_nobody_knows_is_written_like_english() -> None:
    assert day(date(2026, 1, 2), formats_of("tlh", "tlh-QO")) == "January 2, 2026"
