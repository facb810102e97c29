"""Words for the effect of the legal basis: before surveys are sent, and where none is."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.model.campaigns import CAMPAIGNS
from afterbill.model.channels import Channel
from afterbill.model.consent import PRESETS, Legal, Need, basis_of
from afterbill.model.customer import Customer
from afterbill.model.invitation import SkipReason
from afterbill.outreach.eligibility import unlawful
from afterbill.outreach.first_skips import ALL
from afterbill.outreach.policy import Rule

_ASKS = {
    Need.NOTHING: "needs no legal basis",
    Need.CUSTOMER: "asks for a consent or a notice",
    Need.CONSENT: "asks for a consent",
}
_PAGE = "docs/legal-basis.md"


def preset_of(legal: Legal) -> str:
    """Return the preset of surveys.toml."""
    return next(name for name, preset in PRESETS.items() if preset.default is legal.default)


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


def skipped_since(table: TableReader, sources: Iterable[str]) -> Mapping[str, datetime]:
    """Return since when surveys of each source are skipped for lack of a legal basis, for those where one was."""
    wanted = [keys.task(name, SkipReason.NO_BASIS, ALL) for name in (*sources, CAMPAIGNS)]
    items = map(decode, table.read(wanted).values())
    return {str(item["source"]): datetime.fromisoformat(item["occurred_at"]) for item in items}


def told(since: Mapping[str, datetime]) -> str:
    """Name the sources whose surveys are skipped, each with its first day."""
    return ", ".join(f"{name} (since {at:%Y-%m-%d})" for name, at in sorted(since.items()))


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
