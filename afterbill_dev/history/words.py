"""Names and comments of the customers of a history, drawn apart: no figure of a history depends on them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from afterbill.model.invitation import Invitation

_WRITING, _CONTACT = 0.45, 0.5
_GOOD, _BAD = 9, 6

_FIRST: Mapping[str, tuple[str, ...]] = {
    "de": ("Anna", "Birgit", "Clara", "Dieter", "Elif", "Frank", "Greta", "Hannes", "Ines", "Jan", "Katrin", "Lukas"),
    "en": ("Alice", "Brian", "Chloe", "David", "Emma", "Frances", "George", "Hazel", "Ian", "Julia", "Kevin", "Laura"),
}
_LAST: Mapping[str, tuple[str, ...]] = {
    "de": ("Albrecht", "Brandt", "Demir", "Ebner", "Fischer", "Gruber", "Huber", "Keller", "Lorenz", "Moser", "Wagner"),
    "en": ("Adams", "Baker", "Clarke", "Dixon", "Ellis", "Foster", "Grant", "Hughes", "Jenkins", "Morgan", "Walker"),
}

_COMMENTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "de": {
        "promoter": (
            "Läuft seit Monaten ohne ein Problem.",
            "Genau das, was wir gesucht haben. Gerne weiter so.",
            "Der Support hat innerhalb einer Stunde geantwortet.",
            "Übersichtlich, schnell, fair im Preis.",
        ),
        "passive": (
            "Alles in Ordnung, aber die App könnte schneller sein.",
            "Gutes Produkt, ein paar Funktionen fehlen noch.",
            "Bisher zufrieden. Mal sehen, wie es weitergeht.",
        ),
        "detractor": (
            "Ich habe drei Mal nachgefragt und keine Antwort bekommen.",
            "Die Umstellung im Herbst hat uns einen ganzen Tag gekostet.",
            "Für das, was wir nutzen, ist es zu viel.",
        ),
        "billing_clarity": (
            "Ich verstehe die Rechnung nicht: Wofür ist die zweite Position?",
            "Die anteilige Abrechnung beim Wechsel ist mir ein Rätsel.",
            "Bitte schreiben Sie den Zeitraum auf die Rechnung.",
        ),
        "price": ("Die Preiserhöhung kam ohne Ankündigung.", "Für kleine Teams inzwischen zu teuer."),
        "invoice_error": ("Auf der Rechnung steht schon wieder die alte Adresse.", "Die Umsatzsteuer war falsch."),
        "payment_method": ("Bitte bieten Sie endlich Lastschrift an.", "Meine Karte wurde zwei Mal belastet."),
    },
    "en": {
        "promoter": (
            "It just works. No surprises on the bill either.",
            "Support answered within the hour.",
            "Exactly what we needed, and easy to explain to the team.",
        ),
        "passive": (
            "Good, but the reports are slow on large accounts.",
            "Does the job. I would like better filters.",
            "Happy so far, let us see how it goes.",
        ),
        "detractor": (
            "Asked three times and never got an answer.",
            "The change in autumn cost us a whole day.",
            "We use half of it and pay for all of it.",
        ),
        "billing_clarity": (
            "I cannot tell what the second line of the invoice is for.",
            "The pro rata amount makes no sense to me.",
        ),
        "price": ("The price went up without a word.", "Too expensive for a small team by now."),
        "invoice_error": ("Our old address is on the invoice again.", "The VAT was wrong."),
        "payment_method": ("Please let us pay by direct debit.", "My card was charged twice."),
    },
}


@dataclass(frozen=True, slots=True)
class Profile:
    """A name, and an address in a domain that belongs to nobody (RFC 2606)."""

    name: str
    address: str


def profile_of(customer_id: str, locale: str) -> Profile:
    """Return who this customer is; the same whenever it is asked."""
    chance, language = Random(f"{customer_id}/profile"), _language(locale)  # noqa: S311  # a history keeps no secret
    first, last = chance.choice(_FIRST[language]), chance.choice(_LAST[language])
    return Profile(f"{first} {last}", f"{first}.{last}.{customer_id[:6]}@example.com".lower())


def worded(facts: Iterable[Invitation]) -> Iterator[Invitation]:
    """Yield the facts; some of those that are answered have a comment, and some of their customers may be contacted."""
    for one in facts:
        yield _worded(one)


def _worded(fact: Invitation) -> Invitation:
    chance = Random(f"{fact.id}/words")  # noqa: S311  # likewise
    answer = fact.answer
    if answer is None or not answer.confirmed or chance.random() > _WRITING:
        return fact
    kind = "promoter" if answer.rating >= _GOOD else "detractor" if answer.rating <= _BAD else "passive"
    known = _COMMENTS[_language(fact.locale)]
    low = kind == "detractor" and answer.reason in known
    comment = chance.choice(known[answer.reason if low else kind])
    return replace(fact, answer=replace(answer, comment=comment, contact_ok=chance.random() < _CONTACT))


def _language(locale: str) -> str:
    return "de" if locale.startswith("de") else "en"
