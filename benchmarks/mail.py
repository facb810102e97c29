"""Composing a whole mail, against Jinja2 rendering nothing but its three templates with everything ready."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle

from jinja2 import Environment, FileSystemLoader

from afterbill.content.brand import Brand, brand_of
from afterbill.content.colours import SURFACE_DARK
from afterbill.content.mail.compose import composer
from afterbill.content.mail.render import TEMPLATES
from afterbill.content.wording import Words
from afterbill.model.billing import Money
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation
from afterbill.model.messages import Mail
from afterbill.model.questions import SCALES, Question
from afterbill.settings.config import Catalogs, read_toml
from benchmarks.layers import ROOT
from benchmarks.table import Row
from benchmarks.timing import pairs, ratio, repeated

_CONFIGURATION = ROOT / "layers" / "config"
_PREFIXES = ("subject", "question", "scale_", "rating_of", "mail_", "reminder_", "privacy")
"""What the keys of a mail's texts start with."""
_BUDGET = 1.3
_CALLS, _PAIRS = 10, 75
_URL = "https://nps.example.com"
_TOKEN = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"  # noqa: S105  # as long as one
_NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
_ADA = Customer("c1", address="ada@example.com", name="Ada Lovelace")
_INVITATION = Invitation(
    id="0123456789abcdef0123456789abcdef",
    fact="stripe|acme|in_1|payment",
    customer_id="c1",
    touchpoint="payment_succeeded",
    stage="purchase",
    source="stripe",
    channel="mail",
    locale="de-AT",
    created_at=_NOON,
    occurred_at=_NOON,
    due_at=_NOON,
    expiry=timedelta(days=30),
    zone="Europe/Vienna",
    segments={"plan": "Pro"},
)


def rows() -> list[Row]:
    """One row: links, sender, words, formats and all three parts, against the bare templates."""
    brand = brand_of(read_toml(_CONFIGURATION / "brand.toml"))
    timed = pairs(repeated(whole(brand), _CALLS), repeated(bare(brand), _CALLS), _PAIRS)
    note = f"{1_000_000 * min(measured for measured, _ in timed) / _CALLS:.0f} us"
    return [Row("compose a mail", ratio(timed), "x", _BUDGET, note)]


def whole(brand: Brand) -> Callable[[], Mail]:
    """Each call composes the mail about another amount, at another hour."""
    compose = composer(_URL, "survey@example.com", lambda: {1: bytes(32)}, brand, Catalogs(_CONFIGURATION / "locales"))
    invitations = cycle([_invitation(nth) for nth in range(_CALLS * (_PAIRS + 1))])
    return lambda: compose(next(invitations), _ADA)


def _invitation(nth: int) -> Invitation:
    at = _NOON + timedelta(hours=nth)
    return replace(_INVITATION, money=Money(4900 + nth, "EUR"), occurred_at=at, claimed_at=at)


def bare(brand: Brand) -> Callable[[], list[str]]:
    """The three templates with a plain context: no words chosen, filled in or checked, nothing formatted or signed."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    templates = [environment.get_template(f"survey/{name}") for name in ("subject.txt", "body.txt", "body.html")]
    words = Words(brand, Catalogs(_CONFIGURATION / "locales"))("de", _INVITATION.touchpoint)
    occasion = words("occasion_payment_succeeded")
    values = {"name": _ADA.name, "occasion": occasion, "rating": 10}
    ready = {key: words(key, **values) for key in words.catalog if key.startswith(_PREFIXES)}
    context = {
        "t": lambda key, **_values: ready[key],
        "language": "de",
        "direction": "ltr",
        "brand": brand,
        "surface_dark": SURFACE_DARK,
        "name": _ADA.name,
        "occasion": occasion,
        "details": ["22. November 2026", "49,00 €", "Pro"],
        "reminder": False,
        "scale": SCALES[Question.NPS],
        "answer_url": f"{_URL}/s/{_TOKEN}",
        "unsubscribe_url": f"{_URL}/u/{_TOKEN}",
    }
    return lambda: [template.render(context) for template in templates]
