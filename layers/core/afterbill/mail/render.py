"""From a survey that is due to the mail that asks for its answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from afterbill.domain.brand import SURFACE_DARK, Brand, Catalog, wording

SUBJECT_LENGTH = 120
NAME_LENGTH = 60

_JOINERS = "\u200c\u200d"
_LINKLIKE = re.compile(r"://|@|www\.|\.[a-z]{2}", re.IGNORECASE)

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    auto_reload=False,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class SurveyMail:
    """One survey to one person; `locale` and `customer_name` are as the billing system gave them."""

    locale: str | None
    customer_name: str | None
    touchpoint: str
    answer_url: str
    unsubscribe_url: str


@dataclass(frozen=True, slots=True)
class Message:
    """A mail ready to send; `subject` is one line, `text` and `html` say the same."""

    subject: str
    text: str
    html: str


def render_survey(survey: SurveyMail, brand: Brand, catalogs: Mapping[str, Catalog]) -> Message:
    """Ask in the customer's language, else the brand's; the HTML loads nothing from anywhere."""
    words = wording(brand, catalogs, survey.locale)
    context = {
        "t": words,
        "locale": words.locale,
        "brand": brand,
        "surface_dark": SURFACE_DARK,
        "name": greeting_name(survey.customer_name),
        "occasion": words(f"occasion_{survey.touchpoint}"),
        "answer_url": survey.answer_url,
        "unsubscribe_url": survey.unsubscribe_url,
    }
    subject, text, html = (
        _environment.get_template(f"survey/{part}").render(context) for part in ("subject.txt", "body.txt", "body.html")
    )
    return Message(one_line(subject, SUBJECT_LENGTH), text, html)


def greeting_name(name: str | None) -> str | None:
    """A name fit for a greeting, or None.

    Names are typed by strangers: one that a mail client would turn into a link is left out, or our good
    name would carry somebody's advertisement to any address they care to type.
    """
    cleaned = one_line(name or "", NAME_LENGTH)
    return None if _LINKLIKE.search(cleaned) else cleaned or None


def one_line(text: str, length: int) -> str:
    """`text` on one line of at most `length` characters: no breaks, no control or direction-changing characters."""
    kept = (char if char.isprintable() or char in _JOINERS else " " if char.isspace() else "" for char in text)
    line = " ".join("".join(kept).split())
    return line if len(line) <= length else line[: length - 1].rstrip(f" {_JOINERS}") + "…"
