"""The gallery: every page, every text, every language."""

import html
import inspect
import re
import tomllib
from string import Formatter

import pytest

from afterbill.answers.parse_answer import Problem
from afterbill.content.web.pages import Pages, SurveyContext
from afterbill.model.billing import Touchpoint
from afterbill.model.errors import ConfigurationError
from afterbill_cli.preview import mails as letters
from afterbill_cli.preview import pages
from afterbill_cli.preview.previews import SCHEMES
from afterbill_cli.preview.variants import variants
from afterbill_dev.paths import ROOT
from afterbill_dev.preview import __main__ as program
from afterbill_dev.preview import docs_pictures, gallery

CONFIGURATION = ROOT / "layers" / "config"
LANGUAGES = sorted(path.stem for path in (CONFIGURATION / "locales").glob("*.toml"))


def seen(language):
    """All words that the gallery shows in one language, without mark-up and marks of direction."""
    shown = gallery.previews(variants(CONFIGURATION, (language,)))
    parts = [part for one in shown for part in (one.html, one.text, *one.facts.values())]
    text = html.unescape(re.sub(r"<[^>]*>", " ", " ".join(parts)))
    return " ".join(re.sub("[\u2066-\u2069]", "", text).split())


def test_every_method_of_the_pages_is_shown():
    called = []

    class Spy:
        def __getattr__(self, name):
            return lambda *given: called.append((name, *given))

    pages.states(Spy(), SurveyContext("en"))

    public = {name for name, _ in inspect.getmembers(Pages, inspect.isfunction) if not name.startswith("_")}
    assert {name for name, *_ in called} == public
    assert {given[-1] for name, *given in called if name == "bad_request"} == set(Problem)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_seen_but_for_what_other_touchpoints_are_called(language):
    texts = tomllib.loads((CONFIGURATION / "locales" / f"{language}.toml").read_text("utf-8"))["texts"]
    words = seen(language)

    for key, text in texts.items():
        pieces = [" ".join(piece.split()) for piece, *_ in Formatter().parse(text)]
        beside = key.startswith(("occasion_", "in_product_", "sms_"))  # other touchpoints, and what is no mail or page
        assert beside or all(piece in words for piece in pieces), key


def test_a_mail_is_shown_with_all_that_can_be_known_and_with_nothing():
    (variant,) = variants(CONFIGURATION, ("en",))
    mails = {one.name: one.mail for one in letters.mails(variant)}

    assert "Hello Ada Lovelace," in mails["renewed"].text
    assert "November 19, 2026 · €49.00 · Team" in mails["renewed"].text
    assert "Hello,\n" in mails["nothing-known"].text
    assert mails["renewed-reminder"].subject.startswith("A reminder")


def test_what_has_words_of_its_own_is_shown():
    (variant,) = variants(CONFIGURATION, ("en",))

    assert {"mail-cancelled.html", "page-survey-cancelled.html", "mail-relationship-reminder.html"} <= {
        one.file.removeprefix("en/") for one in gallery.previews([variant])
    }
    assert not variant.has_own_words(Touchpoint.RENEWED)


def test_formal_and_informal_are_two_languages_of_the_gallery():
    formal, informal = variants(CONFIGURATION, ("de", "de-informal"))

    assert (formal.locale, informal.locale) == ("de", "de")
    assert formal.catalogs["de"]["question"] != informal.catalogs["de"]["question"]


def test_the_gallery_speaks_every_language_there_is():
    assert [variant.name for variant in variants(CONFIGURATION)] == LANGUAGES


def test_every_preview_has_a_place_of_its_own():
    files = [one.file for one in gallery.previews(variants(CONFIGURATION))]

    assert len(set(files)) == len(files)


def test_an_unknown_language_is_named():
    with pytest.raises(ConfigurationError, match="eng"):
        variants(CONFIGURATION, ("eng",))


def test_a_mistake_in_the_configuration_is_told(tmp_path, capsys):
    assert program.main(["--config", str(tmp_path)]) == 1
    assert "brand.toml" in capsys.readouterr().err


def test_the_pictures_of_the_documentation_hang_in_the_gallery(tmp_path):
    spoken = variants(CONFIGURATION, docs_pictures.LANGUAGES)
    for preview in gallery.previews(spoken):
        for width in preview.widths.values():
            for scheme in SCHEMES:
                (tmp_path / preview.picture(width, scheme)).parent.mkdir(exist_ok=True)
                (tmp_path / preview.picture(width, scheme)).touch()
    (tmp_path / "docs").mkdir()

    assert docs_pictures.hang(tmp_path, tmp_path / "docs") == 11
    shown = {path.name for path in (ROOT / "docs" / "images").iterdir()}
    assert {path.name for path in (tmp_path / "docs").iterdir()} == {
        name for name in shown if not name.startswith(("console", "in-product"))
    }
