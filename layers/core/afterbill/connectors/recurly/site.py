"""Ask Recurly's API for objects by their ids, and read from them whose they are and how much."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import quote

from afterbill.connectors._kit.consent import basis_attributes
from afterbill.connectors._kit.envelope import Envelope
from afterbill.connectors._kit.json import Json, address, country, identifier, locale, section, text
from afterbill.connectors._kit.money import from_decimal
from afterbill.connectors.recurly.words import name_of
from afterbill.intake.connector import Api, Call, Login
from afterbill.model.billing import BillingEvent, CustomerRef, Money, OperatorTask
from afterbill.model.consent import newest

API = Api("https://v3.recurly.com", Login.KEY_AS_USER, headers={"Accept": "application/vnd.recurly.v2021-02-25"})

PATHS = {
    "payment": "/transactions/uuid-",
    "invoice": "/invoices/number-",
    "subscription": "/subscriptions/uuid-",
}
"""Where objects stand under the ids that notifications name; the API's own ids have no prefix."""


@dataclass(frozen=True, slots=True)
class Site:
    """A way to the API, and the names under which its custom fields keep a legal basis."""

    call: Call
    names: Mapping[str, str]

    def get(self, path: str, id_: str) -> Json:
        """The object at this address, empty where there is none."""
        return section(self.call(f"{path}{quote(id_, safe='')}"))


Resolver: TypeAlias = Callable[[str, Envelope, Site], tuple[BillingEvent | OperatorTask, ...]]
"""Reads what happened to the object of this id."""


def amount_in(document: Json, *keys: str) -> Money | None:
    """Return the first of these amounts that the document has."""
    amounts = (from_decimal(document.get(key), document.get("currency")) for key in keys)
    return next((money for money in amounts if money), None)


def customer_of(document: Json, site: Site, transaction: Json) -> CustomerRef:
    """The account a document belongs to, asked for itself: it alone knows the language."""
    brief = section(document, "account")
    code = identifier(brief.get("code"))
    account = {**brief, **(site.get("/accounts/code-", code) if code else {})}
    above = identifier(account.get("parent_account_id"))
    parent = site.get("/accounts/", above) if above and not address(account.get("email")) else {}
    method = section(transaction, "payment_method")
    paid_by = text(method.get("object")) or text(method.get("card_type"))
    bases = (basis_attributes(one.get("custom_fields"), site.names) for one in (account, document))
    return CustomerRef(
        id=code,
        email=address(account.get("email"), brief.get("email"), parent.get("email")),
        name=name_of(account),
        locale=locale(account.get("preferred_locale")),
        country=country(
            section(account, "address").get("country"),
            section(document, "address").get("country"),
            section(document, "billing_address").get("country"),
        ),
        attributes={**({"payment_method": paid_by} if paid_by else {}), **newest(*bases)},
    )
