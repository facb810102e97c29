import tomllib
from collections.abc import Iterator, Mapping

import pytest

from afterbill.domain.billing import Touchpoint
from afterbill.domain.brand import Brand, Catalog, catalog_problems
from afterbill.domain.invitation import Answer
from afterbill.mail.render import SurveyMail, render_survey
from afterbill.web.pages import Draft, Pages, Problem
from tests.unit.customer_facing import BRAND, CATALOGS, CONFIGURATION


class Watched(Mapping[str, str]):
    """A catalogue that remembers which of its texts were asked for."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.used: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.used.add(key)
        return self.texts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)


def say_everything(catalogs: Mapping[str, Catalog], locale: str) -> None:
    pages = Pages(BRAND, catalogs)
    answer = Answer(7, "comment", contact_ok=True)
    for touchpoint in Touchpoint:
        for name in ("Ada", None):
            render_survey(
                SurveyMail(locale, name, touchpoint, "https://a.example", "https://u.example"), BRAND, catalogs
            )
    for page in (
        "closed",
        "not_found",
        "too_large",
        "method_not_allowed",
        "unavailable",
        "unsubscribe",
        "unsubscribed",
    ):
        getattr(pages, page)(locale)
    for problem in Problem:
        pages.bad_request(locale, Draft(), problem)
    pages.survey(locale, 3)
    pages.survey(locale, recorded=answer)
    pages.thanks(locale, answer)


def test_shipped_catalogs_hold_the_same_keys_and_placeholders() -> None:
    assert sorted(CATALOGS) == ["de", "en"]
    assert catalog_problems(CATALOGS, "en") == []


@pytest.mark.parametrize("locale", CATALOGS)
def test_every_text_is_used_and_no_text_is_missing(locale: str) -> None:
    watched = Watched(CATALOGS[locale])
    say_everything({**CATALOGS, locale: watched}, locale)
    assert watched.used == set(watched)


@pytest.mark.parametrize("locale", CATALOGS)
def test_every_text_is_one_clean_line(locale: str) -> None:
    for key, text in CATALOGS[locale].items():
        assert text == " ".join(text.split()), key
        assert text.isprintable(), key


def test_shipped_brand_can_be_used() -> None:
    brand = Brand(**tomllib.loads((CONFIGURATION / "brand.toml").read_text(encoding="utf-8")))
    assert brand.default_locale in CATALOGS
