"""Words for the effect of the legal basis: before surveys are sent, and where none is."""

from collections.abc import Mapping
from datetime import datetime

from afterbill.model.channels import Channel
from afterbill.model.consent import Legal, Need, basis_of
from afterbill.model.customer import Customer
from afterbill.outreach.eligibility import unlawful
from afterbill.outreach.policy import Rule
from afterbill_console.adapters.health.legal_basis import preset_of, told

_ASKS = {
    Need.NOTHING: "needs no legal basis",
    Need.CUSTOMER: "asks for a consent or a notice",
    Need.CONSENT: "asks for a consent",
}
_PAGE = "docs/legal-basis.md"


def outlook(customer: Customer, rule: Rule, legal: Legal, at: datetime) -> str:
    """Say what the legal basis makes of a survey that is due then, of a customer known from one webhook alone."""
    asks = f"{_whose(customer.country, legal)} {_ASKS[legal.need(customer.country)]}"
    basis = basis_of(customer.attributes, at)
    if unlawful(customer, legal, at):
        inside = "; nothing is needed inside the product" if Channel.IN_APP in rule.channels else ""
        return (
            f"{asks}, and this webhook brings none: skipped as no_basis when due, unless one is on record by then"
            f"{inside}; what your stack has on record is not looked at (`afterbill explain ID`); {_PAGE}"
        )
    if basis:
        return f"{asks}: met by the {'consent' if basis.wording else 'notice'} of {basis.at:%Y-%m-%d}"
    return f"{asks}: check yourself whether the law lets you ask; {_PAGE}"


def _whose(country: str | None, legal: Legal) -> str:
    if country in legal.countries:
        return f"[legal.countries] {country}"
    unknown = " for an unknown country" if not country and legal.countries else ""
    return f"{preset_of(legal)}{unknown}"


def silence(legal: Legal, since: Mapping[str, datetime]) -> str:
    """Say why nothing was sent as far as the legal basis explains it; empty where it does not."""
    if since:
        return f"Nothing was sent: surveys of {told(since)} are skipped as no_basis. {_PAGE} says what to do."
    if legal.default is Need.NOTHING:
        return ""
    return (
        f'Nothing was sent. [legal] preset = "{preset_of(legal)}" asks no customer without a consent or a notice on '
        f"record; {_PAGE}"
    )
