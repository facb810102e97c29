"""Read afterbill's own messages in the inbox, one for some customers whose turn it is (intake/run_campaigns.py).

It stands among the providers so that capture_event takes a turn like any other webhook. No source can name it.
"""

from afterbill.connectors._kit.json import needed, parse, text
from afterbill.connectors._kit.without_webhooks import HEADERS, sign, verify
from afterbill.intake.connector import About, Address
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint, fact_key
from afterbill.model.campaigns import CAMPAIGNS
from afterbill.model.errors import PayloadError
from afterbill.model.webhooks import Source, Webhook

__all__ = ["ABOUT", "HEADERS", "is_unsigned", "normalise", "sign", "verify"]

ABOUT = About(
    title="Campaigns",
    proof="none: nothing is received",
    address=Address.PAYLOAD,
    secret="none: there are no webhooks",
    register="nowhere: [campaigns] in surveys.toml is enough",
    events=(),
    signed=False,
)


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
