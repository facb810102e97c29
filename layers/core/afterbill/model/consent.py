"""The legal basis for asking a customer by mail, and the basis that each country demands.

A satisfaction survey is advertising in Germany (BGH, 10 July 2018, VI ZR 225/17). Mail needs a consent
(§ 7(2) no. 2 UWG) or an existing customer who was told of the right to object (§ 7(3) UWG, after
Art. 13(2) of Directive 2002/58/EC). docs/legal-basis.md explains both to an operator.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import StrEnum

CONSENT_AT = "consent_at"
CONSENT_TEXT = "consent_text"
CONSENT_WITHDRAWN_AT = "consent_withdrawn_at"
NOTICE_AT = "notice_at"
"""The names under which the attributes of a customer hold a basis."""

BASIS = frozenset({CONSENT_AT, CONSENT_TEXT, CONSENT_WITHDRAWN_AT, NOTICE_AT})
"""All of them: they count by the time they tell, and a consent only whole (`newest`)."""

_LONG_AGO, _NEVER_AGAIN = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_LONGEST_DATE = len("2026-11-22")
_UNIX_SECONDS = (9, 10)
"""How many digits a plausible count of seconds has (1973 to 2286); eight are a date."""


class Need(StrEnum):
    """The basis that a country demands before a survey may be sent."""

    CONSENT = "consent"
    CUSTOMER = "customer"
    NOTHING = "nothing"


_STRICTNESS = (Need.NOTHING, Need.CUSTOMER, Need.CONSENT)


class BasisKind(StrEnum):
    """A consent that was given, or an existing customer who was told of the right to object."""

    CONSENT = "consent"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Basis:
    """The basis to ask one customer: since when, and for a consent the words that were agreed to."""

    kind: BasisKind
    at: datetime
    wording: str = ""


@dataclass(frozen=True, slots=True)
class Legal:
    """The need by country (ISO 3166-1 alpha-2, capitals), and by default."""

    default: Need
    countries: Mapping[str, Need] = field(default_factory=dict)

    def need(self, country: str | None) -> Need:
        """Return the need of this country, the default if it is not listed.

        Who does not know the country cannot know that it asks for less: then the strictest one listed counts.
        """
        if country:
            return self.countries.get(country, self.default)
        return max((self.default, *self.countries.values()), key=_STRICTNESS.index)


PRESETS: Mapping[str, Legal] = {"strict": Legal(Need.CUSTOMER), "relaxed": Legal(Need.NOTHING)}
"""`strict` asks everywhere for what EU law asks for; `relaxed` leaves the question to the operator."""


def basis_of(attributes: Mapping[str, str], now: datetime) -> Basis | None:
    """The best basis these attributes prove at this time: a consent, else the existing customer, else none.

    A consent counts with its time and its wording, unless withdrawn at or after that time. Who has withdrawn
    one has objected: after that only a newer consent counts. What cannot be read, and what is not yet, is no
    basis; a withdrawal that cannot be read still is one.
    """
    given, notice = attributes.get(CONSENT_AT), attributes.get(NOTICE_AT)
    if not given and not notice:
        return None
    ended = attributes.get(CONSENT_WITHDRAWN_AT)
    withdrawn = _ended(ended) if ended else None
    wording = attributes.get(CONSENT_TEXT, "").strip()
    agreed = _past(given, now) if wording else None
    if agreed and (withdrawn is None or agreed > withdrawn):
        return Basis(BasisKind.CONSENT, agreed, wording)
    noticed = _past(notice, now) if withdrawn is None else None
    return Basis(BasisKind.CUSTOMER, noticed) if noticed else None


def lawful(need: Need, basis: Basis | None) -> bool:
    """Return whether this basis meets the need; a consent also meets the existing-customer rule."""
    if need is Need.NOTHING:
        return True
    return basis is not None and (need is Need.CUSTOMER or basis.kind is BasisKind.CONSENT)


def newest(*several: Mapping[str, str]) -> dict[str, str]:
    """Return the newest consent, withdrawal and notice in several attributes of one person; consents keep their text.

    Older ones, half a consent, and every other attribute are left out. Of equals the first is taken.
    """
    basis: dict[str, str] = {}
    for name, rest in ((CONSENT_AT, CONSENT_TEXT), (CONSENT_WITHDRAWN_AT, ""), (NOTICE_AT, "")):
        complete = [attributes for attributes in several if attributes.get(name) and (not rest or attributes.get(rest))]
        if complete:
            latest = max(complete, key=lambda attributes: _weight(name, attributes[name]))
            basis |= {key: latest[key] for key in (name, rest) if key}
    return basis


def _weight(name: str, text: str) -> datetime:
    """Return the time by which values are compared; of those that cannot be read only a withdrawal counts."""
    return _ended(text) if name == CONSENT_WITHDRAWN_AT else moment_of(text) or _LONG_AGO


def moment_of(text: str, clock: time = time.min) -> datetime | None:
    """Return the time in UTC that a text names, None where it names none.

    Read are ISO 8601 with an offset or Z, a date alone (it means `clock` in UTC) and Unix seconds. A time without
    an offset tells nothing: nobody knows whose clock it was.
    """
    word = text.strip()
    try:
        if len(word) in _UNIX_SECONDS and word.isdecimal():
            return datetime.fromtimestamp(int(word), UTC)
        if len(word) <= _LONGEST_DATE:
            return datetime.combine(date.fromisoformat(word), clock, UTC)
        moment = datetime.fromisoformat(word)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _past(text: str | None, now: datetime) -> datetime | None:
    moment = moment_of(text) if text else None
    return moment if moment and moment <= now else None


def _ended(text: str) -> datetime:
    """Return the end of a day alone, so that a consent of the same day does not outlive its withdrawal."""
    return moment_of(text, time.max) or _NEVER_AGAIN
