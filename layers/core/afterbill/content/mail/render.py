"""Render the mail that asks a customer to answer a survey."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from afterbill.content.bidi import isolated
from afterbill.content.brand import Brand
from afterbill.content.colours import SURFACE_DARK
from afterbill.content.mail import formats
from afterbill.content.untrusted import greeting_name, one_line, plan_name
from afterbill.content.wording import Catalog, Words
from afterbill.model.billing import Money, Touchpoint
from afterbill.model.questions import Question, scale_of

SUBJECT_LENGTH = 120

TEMPLATES = Path(__file__).with_name("templates")
VARIABLES = frozenset(
    {
        "t",
        "language",
        "direction",
        "brand",
        "surface_dark",
        "name",
        "occasion",
        "details",
        "reminder",
        "scale",
        "test",
        "answer_url",
        "unsubscribe_url",
    }
)
"""The variables of every template of a mail."""

_PARTS = ("subject.txt", "body.txt", "body.html")


@dataclass(frozen=True, slots=True)
class SurveyMail:
    """One survey to one person; `locale`, `customer_name` and `plan` are as the billing system gave them.

    `occurred_on` is the customer's day of the fact; `reminder` asks for the words of the second mail; a `test`
    says that it is one.
    """

    locale: str | None
    customer_name: str | None
    touchpoint: str
    stage: str
    answer_url: str
    unsubscribe_url: str
    occurred_on: date | None = None
    money: Money | None = None
    plan: str | None = None
    reminder: bool = False
    question: Question = Question.NPS
    test: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A mail ready to send; `subject` is one line, `text` and `html` say the same."""

    subject: str
    text: str
    html: str


class Mails:
    """The mails of one brand; a file in `overrides` is used instead of ours of the same name (`survey/body.html`)."""

    def __init__(self, brand: Brand, catalogs: Mapping[str, Catalog], overrides: Path | None = None) -> None:
        self._brand = brand
        self._words = Words(brand, catalogs)
        environment = Environment(
            loader=FileSystemLoader([*filter(None, [overrides]), TEMPLATES], encoding="utf-8-sig"),
            autoescape=select_autoescape(("html",)),
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._survey = [environment.get_template(f"survey/{part}") for part in _PARTS]

    def survey(self, survey: SurveyMail) -> Message:
        """Ask in the customer's language, else the brand's; the HTML loads nothing but the brand's logo."""
        words = self._words(survey.locale, survey.touchpoint, survey.stage, survey.question)
        name = greeting_name(survey.customer_name)
        context = {
            "t": words,
            "language": words.language,
            "direction": words.direction,
            "brand": self._brand,
            "surface_dark": SURFACE_DARK,
            "name": isolated(name, words.direction) if name else None,
            "occasion": words(f"occasion_{survey.touchpoint}"),
            "details": [isolated(detail, words.direction) for detail in _details(survey, words.language)],
            "reminder": survey.reminder,
            "scale": scale_of(survey.question),
            "test": survey.test,
            "answer_url": survey.answer_url,
            "unsubscribe_url": survey.unsubscribe_url,
        }
        subject, text, html = (template.render(context) for template in self._survey)
        # Not left to the template: an operator's own may not know of tests.
        subject = f"{words('test_mark')} {subject}" if survey.test else subject
        return Message(one_line(subject, SUBJECT_LENGTH), text, html)


def _details(survey: SurveyMail, language: str) -> Iterator[str]:
    """Yield what the survey is about: day, amount and plan, as far as they are known and meaningful."""
    if survey.touchpoint == Touchpoint.RELATIONSHIP:
        return  # it follows our calendar, not an event of the customer
    place = formats.formats_of(language, survey.locale or "")
    if survey.occurred_on:
        yield formats.day(survey.occurred_on, place)
    if survey.money and survey.money.amount > 0:
        yield formats.amount(survey.money, place)
    if plan := plan_name(survey.plan):
        yield plan
