"""The words in which the papers tell values: regions, moments, needs, lengths of time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum

_YEAR = 365


class Language(StrEnum):
    """The languages of the papers."""

    DE = "de"
    EN = "en"


class Place(StrEnum):
    """The place of a region, as chapter V of the GDPR sees it."""

    EEA = "eea"
    ADEQUATE = "adequate"
    THIRD = "third"


_REGIONS: Mapping[str, tuple[Place, str, str]] = {
    "eu-central-1": (Place.EEA, "Frankfurt am Main, Deutschland", "Frankfurt, Germany"),
    "eu-west-1": (Place.EEA, "Irland", "Ireland"),
    "eu-west-3": (Place.EEA, "Paris, Frankreich", "Paris, France"),
    "eu-north-1": (Place.EEA, "Stockholm, Schweden", "Stockholm, Sweden"),
    "eu-south-1": (Place.EEA, "Mailand, Italien", "Milan, Italy"),
    "eu-south-2": (Place.EEA, "Spanien", "Spain"),
    "eu-west-2": (Place.ADEQUATE, "London, Vereinigtes Königreich", "London, United Kingdom"),
    "eu-central-2": (Place.ADEQUATE, "Zürich, Schweiz", "Zurich, Switzerland"),
    "ca-central-1": (Place.ADEQUATE, "Montreal, Kanada", "Montreal, Canada"),
    "ap-northeast-1": (Place.ADEQUATE, "Tokio, Japan", "Tokyo, Japan"),
    "ap-northeast-2": (Place.ADEQUATE, "Seoul, Südkorea", "Seoul, South Korea"),
    "ap-northeast-3": (Place.ADEQUATE, "Osaka, Japan", "Osaka, Japan"),
    "il-central-1": (Place.ADEQUATE, "Tel Aviv, Israel", "Tel Aviv, Israel"),
    "us-east-1": (Place.THIRD, "Virginia, USA", "Virginia, USA"),
    "us-east-2": (Place.THIRD, "Ohio, USA", "Ohio, USA"),
    "us-west-1": (Place.THIRD, "Kalifornien, USA", "California, USA"),
    "us-west-2": (Place.THIRD, "Oregon, USA", "Oregon, USA"),
}
"""Regions that are known by a place; any other one is told by its code, and taken for a third country.

ADEQUATE: the European Commission has found the protection adequate, in Canada and Japan for the private sector.
"""

_TOUCHPOINTS: Mapping[str, tuple[str, str]] = {
    "signed_up": ("Registrierung", "registration"),
    "estimate_accepted": ("Annahme eines Angebots", "acceptance of an estimate"),
    "trial_ending": ("bevorstehendes Ende eines Probezeitraums", "end of a trial ahead"),
    "trial_converted": (
        "Übergang vom Probezeitraum zum bezahlten Abonnement",
        "change from a trial to a paid subscription",
    ),
    "subscription_started": ("Beginn eines Abonnements", "start of a subscription"),
    "payment_succeeded": ("erfolgreiche Zahlung", "successful payment"),
    "payment_failed": ("fehlgeschlagene Zahlung", "failed payment"),
    "payment_recovered": ("nachgeholte Zahlung", "payment made after a failed one"),
    "refunded": ("Erstattung", "refund"),
    "disputed": ("Zahlungsreklamation", "disputed payment"),
    "payment_reversed": ("Rückbuchung durch die Bank", "payment taken back by the bank"),
    "renewed": ("Verlängerung eines Abonnements", "renewal of a subscription"),
    "upgraded": ("Wechsel in einen höheren Tarif", "change to a higher plan"),
    "downgraded": ("Wechsel in einen niedrigeren Tarif", "change to a lower plan"),
    "cancelled": ("Kündigung", "cancellation"),
    "order_paid": ("bezahlte Bestellung", "paid order"),
    "order_fulfilled": ("ausgelieferte Bestellung", "fulfilled order"),
    "order_cancelled": ("stornierte Bestellung", "cancelled order"),
    "support_resolved": ("abgeschlossene Support-Anfrage", "resolved support request"),
    "release": ("neue Version des Produkts", "new version of the product"),
    "relationship": (
        "regelmäßige Befragung in der laufenden Kundenbeziehung",
        "regular survey during the business relation",
    ),
}


def place_of(region: str) -> Place:
    """Return the place of a region; a region that is not known is taken for a third country."""
    return _REGIONS[region][0] if region in _REGIONS else Place.THIRD


def region_name(region: str, language: Language) -> str:
    """`eu-central-1 (Frankfurt, Germany)`."""
    if region not in _REGIONS:
        return region
    return f"{region} ({_REGIONS[region][1 if language is Language.DE else 2]})"


def touchpoint_name(touchpoint: str, language: Language) -> str:
    """`Kündigung`, `cancellation`."""
    return _TOUCHPOINTS[touchpoint][0 if language is Language.DE else 1]


def day_name(day: date, language: Language) -> str:
    """`01.12.2026`, in English `2026-12-01`."""
    return f"{day:%d.%m.%Y}" if language is Language.DE else day.isoformat()


def span_name(language: Language) -> Callable[[timedelta | int], str]:
    """Return the function that tells a length of time, or so many days, in years where it is whole ones."""
    one_year, years, one_day, days = (
        ("1 Jahr", "Jahre", "1 Tag", "Tage") if language is Language.DE else ("1 year", "years", "1 day", "days")
    )

    def told(span: timedelta | int) -> str:
        count = span if isinstance(span, int) else span.days
        if count and count % _YEAR == 0:
            return one_year if count == _YEAR else f"{count // _YEAR} {years}"
        return one_day if count == 1 else f"{count} {days}"

    return told


def listed(names: Sequence[str], word: str) -> str:
    """`Stripe, Paddle und Xero`, with this word before the last."""
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def gap(language: Language) -> Callable[[str], str]:
    """Return the function that marks what a stack cannot know, for somebody to fill in."""
    return lambda what: f"[{GAPS[language]}: {what}]"


WAYS: Mapping[Language, Mapping[str, str]] = {
    Language.DE: {"mail": "per E-Mail", "sms": "per SMS", "in_app": "in unserem Produkt"},
    Language.EN: {"mail": "by mail", "sms": "by text message", "in_app": "in our product"},
}
"""The words for asking by each channel."""
GAPS: Mapping[Language, str] = {Language.DE: "bitte eintragen", Language.EN: "please fill in"}
"""The words that every gap begins with."""
