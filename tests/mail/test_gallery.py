"""The gallery of `make preview`: pictures, and a page to look through them; and how wide all that is shown there is.

`make preview` names the whole gallery that it built, in every language, in AFTERBILL_GALLERY. The suite builds a small
one.
"""

import os
import struct
from pathlib import Path
from unittest.mock import patch

import pytest

from afterbill_cli.preview.previews import SCHEMES
from afterbill_cli.preview.variants import variants
from afterbill_dev.demo.browser import chromium as installed_chromium
from afterbill_dev.paths import ROOT
from afterbill_dev.preview import __main__ as program
from afterbill_dev.preview import gallery

CONFIGURATION = ROOT / "layers" / "config"
WHOLE = os.environ.get("AFTERBILL_GALLERY")
FEW = {
    "renewed",
    "renewed-reminder",
    "survey-chosen",
    "survey-csat",
    "thanks-reason",
    "not-found",
    "console-digest",
    "console-alerts",
}
PREVIEWS = [
    preview
    for preview in gallery.previews(variants(CONFIGURATION, () if WHOLE else ("en",)))
    if WHOLE or preview.name in FEW
]
NARROW = 320


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    if WHOLE:
        return Path(WHOLE).resolve()
    into = tmp_path_factory.mktemp("gallery")
    with patch.object(gallery, "previews", lambda _: PREVIEWS):
        assert program.main(["--language", "en", "--into", str(into)]) == 0
    return into


@pytest.fixture(scope="module")
def browser():
    with installed_chromium() as started:
        yield started


@pytest.fixture(scope="module")
def page(browser, place):
    page = browser.new_page()
    page.goto((place / gallery.INDEX).as_uri())
    return page


def width_of(png):
    """As the header of the file says (PNG, section 11.2.2)."""
    return struct.unpack(">I", png.read_bytes()[16:20])[0]


@pytest.mark.parametrize("preview", PREVIEWS, ids=lambda one: one.file)
def test_everything_has_a_picture_in_each_size_and_scheme(place, preview):
    for width in preview.widths.values():
        pictures = [place / preview.picture(width, scheme) for scheme in SCHEMES]

        assert {width_of(picture) for picture in pictures} == {width}
        assert pictures[0].read_bytes() != pictures[1].read_bytes(), "the dark is as light as the light"


@pytest.mark.parametrize("variant", variants(CONFIGURATION), ids=lambda one: one.name)
def test_nothing_is_wider_than_the_narrowest_phone(browser, variant):
    page = browser.new_page(viewport={"width": NARROW, "height": 600})
    wide = []
    for one in gallery.previews([variant]):
        page.set_content(one.html)
        if page.evaluate("document.documentElement.scrollWidth") > NARROW:
            wide.append(one.name)
    page.close()

    assert wide == []


def test_every_picture_loads(page):
    page.locator("img").evaluate_all("all => { for (const one of all) one.loading = 'eager' }")
    page.wait_for_function("[...document.images].every(one => one.complete)")

    assert page.locator("img").count() == len(PREVIEWS) * 4
    assert page.locator("img").evaluate_all("all => all.every(one => one.naturalHeight == one.height)")


def test_subject_preheader_and_text_stand_beside_a_mail(page):
    mail = next(one for one in PREVIEWS if one.kind == "mail")
    text = page.locator("article").first.text_content()

    assert all(fact in text for fact in (*mail.facts.values(), mail.text))


def test_the_filters_leave_what_was_asked_for(page):
    for choice in ("language-all", "kind-page", "size-phone", "scheme-dark"):
        page.locator(f"#{choice}").check()

    pages = [one for one in PREVIEWS if one.kind == "page"]
    assert page.locator("article:visible").count() == len(pages)
    assert page.locator("img:visible").evaluate_all("all => all.map(one => one.getAttribute('src'))") == [
        one.picture(360, "dark") for one in pages
    ]
