"""A person with one of everything, for the page about all that is stored."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from afterbill.answers.external import COLLECTED
from afterbill.content.web.pages import Page
from afterbill.model.billing import Money, Touchpoint
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer, Recipient, Suppression
from afterbill.model.invitation import Answer, FollowUp, Invitation, SkipReason, State
from afterbill.model.privacy import Person, PrivacyRequest, RequestKind, RequestState
from afterbill.model.questions import Question
from afterbill.model.recurring import Recurring
from afterbill.model.subscriptions import Subscription
from afterbill.model.visits import CondensedVisits, Kind, Visit
from afterbill.privacy.export import Contact, Held, Keeper, export
from afterbill_cli.data_export.page import DataExportPage
from afterbill_cli.preview.variants import Variant

_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_DAY = timedelta(days=1)
_COMMENT = "Invoices arrive on time, and the export saves me an afternoon every month.\nAsk Bob, he says the same."
_PRICE = Recurring(Money(4900, "EUR"), 3, "month")
_CUSTOMER = Customer(
    "0a" * 16,
    address="ada@example.com",
    phone="+49 151 23456789",
    name="Ada Lovelace",
    locale="en-GB",
    country="GB",
    time_zone="Europe/London",
    attributes={
        "plan": "pro",
        "consent_at": "2026-01-05T10:00:00Z",
        "consent_text": "Yes, you may ask me what I think of your product.",
    },
    learned_at={"address": _NOW - 300 * _DAY, "name": _NOW - 300 * _DAY, "attributes.plan": _NOW - 30 * _DAY},
    last_asked_at=_NOW - 3 * _DAY,
    last_seen_at=_NOW - 2 * _DAY,
    subscriptions={
        "sub_1": Subscription(_NOW - 9 * _DAY, recurring=_PRICE, priced_at=_NOW - 9 * _DAY),
        "sub_2": Subscription(_NOW - 8 * _DAY, announced_at=_NOW - 8 * _DAY, ended_at=_NOW - 8 * _DAY),
        "sub_3": Subscription(_NOW - 7 * _DAY, announced_at=_NOW - 7 * _DAY, expired_at=_NOW - 7 * _DAY),
    },
)


def page(variant: Variant) -> Page:
    """Return the page about her: a customer of one source, a guest of another, and somebody who left."""
    brand = variant.brand
    keeper = Keeper(brand.company, brand.reply_to, "Europe/Berlin", asked=frozenset({"shop"}), copies_days=30)
    document = export(list(held()), keeper, _NOW)
    return Page(200, DataExportPage(brand, variant.catalogs).html(document, variant.locale))


def held() -> Iterator[Held]:
    """Yield what is held about her, under three names."""
    surveys = {one.id: one for one in _surveys()}
    named = frozenset({"shop#cus_9", "desk@5e1f"})
    noted = frozenset({("evt_1", "shop", "0b" * 16)})
    waiting = frozenset({("shop", "no_basis", "1")})
    handled = {"tags": ["price"], "notes": [{"at": "2026-05-01T08:00:00Z", "who": "1", "text": "Called back."}]}
    person = Person(
        _CUSTOMER.id,
        _CUSTOMER,
        surveys,
        named,
        events=noted,
        copies=frozenset({"1"}),
        tasks=waiting,
        noted={max(surveys): handled},
    )
    objection, bounce = Recipient("1", _NOW, Suppression.COMPLAINED), Recipient("2", None, Suppression.BOUNCED)
    written = {max(surveys): [_written("Freshdesk"), _written(None)]}
    yield Held(person, Contact(objection, _NOW - _DAY), Contact(bounce), list(_requests()), written)
    guest = Customer(
        "0c" * 16,
        attributes={"notice_at": "2026-02-01"},
        suppressed=Suppression.UNSUBSCRIBED,
        restricted_at=_NOW - _DAY,
        deleted=True,
    )
    yield Held(Person(guest.id, guest))
    late = replace(guest, id="0d" * 16, attributes={"consent_withdrawn_at": "2026-03-01"}, restricted_at=None)
    yield Held(Person(late.id, replace(late, suppressed=None, deleted=False)))


def _written(system: str | None) -> dict[str, Any]:
    """Return what a system holds of an answer; of one that is configured no more nobody knows which it is."""
    return {
        "connection": "helpdesk",
        "system": system,
        "action": "ticket",
        "written_at": "2026-11-03T09:00:00Z",
        "ids": {"ticket": "1042"},
    }


def _surveys() -> Iterator[Invitation]:
    for number, state in enumerate(State):
        at = _NOW - (10 - number) * _DAY
        yield Invitation(
            f"{number:032x}",
            f"shop|1|{number}|payment_succeeded|",
            _CUSTOMER.id,
            touchpoint=Touchpoint.PAYMENT_SUCCEEDED,
            stage="purchase",
            source="shop",
            channel=Channel.SMS if state is State.SENT else Channel.MAIL,
            locale="en",
            created_at=at,
            occurred_at=at,
            due_at=at,
            expiry=30 * _DAY,
            state=state,
            reason=SkipReason.COOLDOWN if state is State.CLOSED else "",
            money=Money(4900, "EUR"),
            recurring=_PRICE,
            objects={"invoice": f"in_{number}"},
            products=("Cloud, one month",),
            **(_sent(at) if state is State.SENT else _ended(at) if state is State.CLOSED else {}),
        )
    yield replace(
        Invitation("f" * 32, "", _CUSTOMER.id, **_elsewhere()),
        answer=Answer(5, reason="price", confirmed=False),
        answered_at=_NOW - 20 * _DAY,
    )


def _sent(at: datetime) -> dict[str, Any]:
    """Return what a survey knows that went out twice, was shown, visited and answered."""
    return {
        "sent_at": at,
        "follow_ups": (FollowUp(at, Channel.IN_APP), FollowUp(at, Channel.MAIL), FollowUp(at + _DAY, Channel.SMS)),
        "reminded_at": at + 2 * _DAY,
        "shown_at": at,
        "dismissed_at": at,
        "visits": (Visit(at + _DAY, Kind.OPENED, 9, "0badcafe", "firefox"), Visit(at + _DAY, Kind.PROBED)),
        "condensed": (CondensedVisits(at, at, 3, 2),),
        "answer": Answer(9, _COMMENT, "service", contact_ok=True),
        "answered_at": at + _DAY,
    }


def _ended(at: datetime) -> dict[str, Any]:
    """Return what a billing system reports of an end."""
    words = "It is more than we need this year."
    return {"reported_reason": "too_complex", "reported_comment": words, "reported_at": at}


def _elsewhere() -> dict[str, Any]:
    at = _NOW - 20 * _DAY
    return {
        "touchpoint": Touchpoint.SUPPORT_RESOLVED,
        "stage": "support",
        "source": "desk",
        "channel": Channel.API,
        "locale": "en",
        "created_at": at,
        "occurred_at": at,
        "due_at": at,
        "expiry": timedelta(0),
        "state": State.CLOSED,
        "reason": COLLECTED,
        "segments": {"question": Question.CSAT},
    }


def _requests() -> Iterator[PrivacyRequest]:
    kinds = (RequestKind.EXPORT, RequestKind.RESTRICT, RequestKind.RELEASE, RequestKind.ERASE)
    for number, kind in enumerate(kinds):
        at = _NOW - (40 - number) * _DAY
        done = None if kind is RequestKind.ERASE else at + _DAY
        state = RequestState.DONE if done else RequestState.OPEN
        yield PrivacyRequest(f"{number:032x}", kind, at, "key:1", at + 30 * _DAY, state=state, done_at=done)
