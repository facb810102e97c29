"""Read afterbill's own messages in the inbox, one for some customers whose turn it is (intake/run_campaigns.py).

It stands among the providers so that capture_event takes a turn like any other webhook. No source can name it.
"""

from collections.abc import Sequence
from datetime import datetime

from afterbill.connectors._kit.json import needed, parse, text
from afterbill.intake.connector import About, Address
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint, fact_key
from afterbill.model.campaigns import CAMPAIGNS
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Refusal, Source, Webhook

ABOUT = About(
    title="Campaigns",
    proof="none: nothing is received",
    address=Address.PAYLOAD,
    secret="none: there are no webhooks",
    register="nowhere: [campaigns] in surveys.toml is enough",
    events=(),
    signed=False,
)

HEADERS: frozenset[str] = frozenset()
"""There are no webhooks, and so no headers."""


def verify(_webhook: Webhook, _secrets: Sequence[str], _now: datetime) -> Refusal | None:
    """Whatever arrives from outside was not put there by a campaign."""
    return Refusal.MISSING


def sign(webhook: Webhook, _secret: str) -> Webhook:
    """The webhook as it is: there is nothing to sign with."""
    return webhook


def is_unsigned(_webhook: Webhook) -> bool:
    """No copy is worth keeping: the message holds nothing but what the table knows."""
    return True


def normalise(webhook: Webhook, _source: Source) -> tuple[BillingEvent, ...]:
    """Make one fact per customer: the turn of this campaign in this period, however often the message comes."""
    turn = parse(webhook.body)
    campaign, period, touchpoint = (_word(turn.get(key), key) for key in ("campaign", "period", "touchpoint"))
    customers = turn.get("customers")
    if touchpoint not in set(Touchpoint) or not isinstance(customers, list):
        raise PayloadError("The turn of a campaign has no usable touchpoint, or no list of customers.")
    return tuple(
        BillingEvent(
            source=CAMPAIGNS,
            event_id=f"{campaign}#{period}#{id_}",
            occurred_at=webhook.received_at,
            customer=CustomerRef(own_id=id_),
            touchpoint=Touchpoint(touchpoint),
            fact=fact_key(CAMPAIGNS, campaign, id_, touchpoint, period),
        )
        for id_ in (_word(one, "customer") for one in customers)
    )


def _word(value: object, what: str) -> str:
    return needed(text(value), "turn of a campaign", what)
