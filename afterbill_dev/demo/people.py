"""The people of the demo: their plans, the course of their payments, and their answers."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from afterbill.model.billing import Touchpoint


class BillingCase(StrEnum):
    """The course of a customer's payment at the billing system."""

    PAYS = "pays"
    DECLINED = "declined"
    REFUNDED = "refunded"
    CANCELS = "cancels"
    DISPUTES = "disputes"


class Reaction(StrEnum):
    """The customer's reaction to the mail."""

    BROWSER = "browser"
    CHANGES = "changes"
    FORM = "form"
    SILENT = "silent"
    UNSUBSCRIBES = "unsubscribes"


TOUCHPOINT_OF = {
    BillingCase.PAYS: Touchpoint.PAYMENT_SUCCEEDED,
    BillingCase.DECLINED: Touchpoint.PAYMENT_FAILED,
    BillingCase.REFUNDED: Touchpoint.REFUNDED,
    BillingCase.CANCELS: Touchpoint.CANCELLED,
}
"""The touchpoint that each case leads to; customers who dispute a payment are not asked."""

STOPPED = frozenset({BillingCase.REFUNDED, BillingCase.CANCELS, BillingCase.DISPUTES})
"""Stories that take the payment back before the survey about it is due."""


@dataclass(frozen=True)
class Person:
    """One customer; `ratings` in the order in which they are given, none for those who never answer."""

    name: str
    locale: str
    plan: str
    case: BillingCase
    reaction: Reaction
    ratings: tuple[int, ...] = ()
    comment: str = ""

    @property
    def email(self) -> str:
        """An address in a domain that belongs to nobody (RFC 2606)."""
        plain = unicodedata.normalize("NFKD", self.name).encode("ascii", "ignore").decode()
        return f"{plain.lower().replace(' ', '.')}@example.com"

    @property
    def country(self) -> str:
        """The second half of the locale."""
        return self.locale.partition("-")[2]


_EVERYBODY = """
Anna Albers      | de-DE | pro     | pays      | browser      | 10  | Läuft einfach, seit dem ersten Tag.
Ben Carter       | en-US | starter | pays      | browser      | 9   | Does what it says.
Clara Dietrich   | de-AT | team    | refunded  | browser      | 4   | Die Rückzahlung ging schnell. Der Import fehlte.
Daniel Evans     | en-GB | pro     | pays      | changes      | 6 9 | It was a bad morning. The second look was better.
Emil Fischer     | de-DE | pro     | pays      | unsubscribes |     |
Fiona Grant      | en-GB | team    | pays      | form         | 10  | My whole team lives in it.
Greta Hansen     | de-DE | starter | pays      | form         | 8   |
Henry Irving     | en-US | pro     | pays      | form         | 10  |
Ida Jansen       | de-DE | pro     | pays      | form         | 9   | Gern wieder.
Jack Kelly       | en-IE | starter | pays      | form         | 7   | Good, but the mobile view needs work.
Karla Lorenz     | de-CH | team    | pays      | form         | 10  | Immer wieder.
Liam Murphy      | en-IE | pro     | pays      | form         | 0   | Wrong product for us. 😕
Mira Neumann     | de-DE | pro     | pays      | form         | 9   |
Noah Owens       | en-US | starter | pays      | form         | 5   | Too many clicks for a simple report.
Ole Petersen     | de-DE | starter | pays      | form         | 10  | Weiter so!
Paula Quinn      | en-US | pro     | pays      | form         | 9   |
Quirin Roth      | de-DE | team    | pays      | form         | 8   | Solide.
Rosa Stewart     | en-GB | pro     | pays      | form         | 10  |
Samuel Thoma     | de-CH | starter | pays      | form         | 3   | Der Preis <b>stimmt</b> nicht & niemand geht dran.
Tara Underwood   | en-US | pro     | pays      | form         | 9   |
Ulla Vogel       | de-DE | pro     | pays      | form         | 7   |
Victor Walsh     | en-IE | team    | pays      | form         | 10  | Support answered within minutes.
Wanda Xaver      | de-AT | starter | pays      | form         | 9   |
Xenia Young      | en-GB | pro     | pays      | form         | 8   |
Yannick Zander   | de-DE | pro     | pays      | form         | 10  |
Zoe Abbott       | en-US | starter | pays      | form         | 6   | Fine, I suppose.
Arne Brandt      | de-DE | team    | pays      | form         | 9   |
Bella Clarke     | en-GB | pro     | pays      | silent       |     |
Carsten Dorn     | de-DE | starter | pays      | silent       |     |
Diana Ellis      | en-US | pro     | pays      | silent       |     |
Erik Franke      | de-DE | pro     | pays      | silent       |     |
Freya Gordon     | en-GB | starter | pays      | silent       |     |
Gustav Hahn      | de-DE | pro     | declined  | form         | 2   | Karte abgelehnt, und niemand sagt mir warum.
Holly Ingram     | en-GB | starter | declined  | form         | 6   | The reminder was friendly at least.
Ingo Jung        | de-DE | team    | declined  | form         | 7   |
Julia Knight     | en-US | pro     | declined  | form         | 9   | Clear message, easy fix.
Konrad Lang      | de-AT | starter | declined  | form         | 4   |
Lucy Mitchell    | en-GB | pro     | declined  | form         | 8   |
Marta Noack      | de-DE | pro     | declined  | form         | 5   |
Nathan Oliver    | en-US | starter | declined  | silent       |     |
Olga Peters      | de-DE | pro     | refunded  | form         | 7   | Kulant.
Peter Reed       | en-GB | starter | refunded  | form         | 9   | Money back the same day, no questions.
Ronja Sommer     | de-DE | team    | refunded  | silent       |     |
Simon Turner     | en-US | pro     | refunded  | form         | 1   |
Theo Ulrich      | de-DE | pro     | cancels   | form         | 3   | Wir brauchen es nicht mehr.
Una Vaughan      | en-IE | starter | cancels   | form         | 8   | Company closed. I will miss it.
Vera Winkler     | de-CH | team    | cancels   | form         | 5   |
Will Archer      | en-GB | pro     | cancels   | form         | 9   |
Xaver Bauer      | de-DE | pro     | cancels   | form         | 0   | Zu teuer.
Yara Collins     | en-US | pro     | disputes  | silent       |     |
Zita Decker      | de-DE | starter | disputes  | silent       |     |
Adam Foster      | en-GB | team    | disputes  | silent       |     |
"""


def everybody() -> tuple[Person, ...]:
    """Return all people of the demo, in a fixed order."""
    return tuple(_person(line) for line in _EVERYBODY.strip().splitlines())


def _person(line: str) -> Person:
    name, locale, plan, case, reaction, ratings, comment = (cell.strip() for cell in line.split("|"))
    return Person(name, locale, plan, BillingCase(case), Reaction(reaction), tuple(map(int, ratings.split())), comment)
