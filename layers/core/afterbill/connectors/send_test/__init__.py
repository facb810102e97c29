"""Read the messages that `afterbill send-test` puts into the inbox, one for a test survey.

It stands among the providers so that capture_event takes it like any other webhook. No source can name it.
"""

from afterbill.connectors._kit.json import needed, parse, text
from afterbill.connectors._kit.without_webhooks import HEADERS, sign, verify
from afterbill.intake.connector import About, Address
from afterbill.model.billing import BillingEvent, CustomerRef, Touchpoint, fact_key
from afterbill.model.errors import PayloadError
from afterbill.model.survey_tests import SEND_TEST
from afterbill.model.webhooks import Source, Webhook

__all__ = ["ABOUT", "HEADERS", "fact_of", "is_unsigned", "normalise", "sign", "verify"]

ABOUT = About(
    title="Test surveys",
    proof="none: nothing is received",
    address=Address.PAYLOAD,
    secret="none: there are no webhooks",
    register="nowhere: `afterbill send-test` is enough",
    events=(),
    signed=False,
)


def is_unsigned(_webhook: Webhook) -> bool:
    """No copy is worth keeping: nobody's customer is in it."""
    return True


def fact_of(id_: str, touchpoint: str) -> str:
    """Return the fact of the test survey that was given this id."""
    return fact_key(SEND_TEST, "", id_, touchpoint)


def normalise(webhook: Webhook, _source: Source) -> tuple[BillingEvent, ...]:
    """Make the one test fact: the same one, however often the message comes."""
    asked = parse(webhook.body)
    id_, address, touchpoint = (
        needed(text(asked.get(key)), "test survey", key) for key in ("id", "address", "touchpoint")
    )
    if touchpoint not in set(Touchpoint):
        raise PayloadError("The test survey has no usable touchpoint.")
    return (
        BillingEvent(
            source=SEND_TEST,
            event_id=id_,
            occurred_at=webhook.received_at,
            customer=CustomerRef(email=address, locale=text(asked.get("locale"))),
            touchpoint=Touchpoint(touchpoint),
            fact=fact_of(id_, touchpoint),
            test=True,
        ),
    )
