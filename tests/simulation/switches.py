"""Each rule of the product switched off in turn: the oracle must notice every one, and say what it is about."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

from afterbill.intake import capture_fact as capturing
from afterbill.intake import identify_customer as identifying
from afterbill.intake.ports import FactWrites
from afterbill.model.billing import BillingEvent, Touchpoint
from afterbill.model.consent import Legal, Need
from afterbill.model.customer import NOBODY, Customer
from afterbill.model.invitation import REMINDER, Invitation, SkipReason, State
from afterbill.model.subscriptions import Subscription
from afterbill.outreach import eligibility as rechecking
from afterbill.outreach import follow_up, next_delivery
from afterbill.outreach import policy as deciding
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.policy import Policy, Situation, Stops
from afterbill.outreach.sending_window import Place
from afterbill.outreach.sweep import Swept
from afterbill_cli.memory import table

from . import town
from .oracle import name_of
from .twins import Table

_NOTHING, _LONG = timedelta(0), timedelta(days=400)
Patches = tuple[tuple[Any, str, Any], ...]


@dataclass(frozen=True)
class Switch:
    """What is switched off, what the oracle must say within so many days, and how it is done."""

    name: str
    says: tuple[str, ...]
    change: Callable[[Policy], Policy] = lambda policy: policy
    patches: Patches = ()
    days: int = 365

    @contextmanager
    def off(self, policy: Policy) -> Iterator[Policy]:
        """The policy to use while the rule is off."""
        with ExitStack() as stack:
            for where, name, other in self.patches:
                stack.enter_context(patch.object(where, name, other))
            yield self.change(policy)


def _rules(**changes: Any) -> Callable[[Policy], Policy]:
    return lambda policy: replace(
        policy, rules={touchpoint: replace(rule, **changes) for touchpoint, rule in policy.rules.items()}
    )


def _stopping(touchpoint: Touchpoint, stops: Stops) -> Callable[[Policy], Policy]:
    """The policy in which one touchpoint stops something else."""
    return lambda policy: replace(
        policy, rules={**policy.rules, touchpoint: replace(policy.rules[touchpoint], stops=stops)}
    )


def _window(**changes: Any) -> Callable[[Policy], Policy]:
    def changed(policy: Policy) -> Policy:
        rules = {
            touchpoint: replace(rule, window=replace(rule.window, **changes) if rule.window else None)
            for touchpoint, rule in policy.rules.items()
        }
        return replace(policy, rules=rules)

    return changed


def _both(name: str, other: Any) -> Patches:
    """At capture and at sending."""
    return ((deciding, name, other), (rechecking, name, other))


def _operators_place(policy: Policy, customer: Any) -> Place:
    return Place(ZoneInfo(policy.time_zone), customer.country or "" if customer else "", "operator")


_unreachable = deciding.unreachable


def _reachable_unless(**ignored: Any) -> Callable[..., SkipReason | None]:
    def judge(situation: Situation, channels: Any) -> SkipReason | None:
        customer = situation.customer
        if customer is None:
            return _unreachable(situation, channels)
        recipient = NOBODY if "suppressed" in ignored else situation.recipient
        return _unreachable(replace(situation, customer=replace(customer, **ignored), recipient=recipient), channels)

    return judge


_address_problem = rechecking._address_problem


def _whatever_bounced(situation: Situation, customer: Customer) -> SkipReason | None:
    return _address_problem(replace(situation, recipient=NOBODY), customer)


_situation, _look_up, _claim, _commit = Table.situation, Table.look_up, Table.claim, Table.commit


def _never_heard(table: Table, wanted: Any) -> Any:
    return replace(_look_up(table, wanted), invitation=None, repeated=False)


def _commit_again(table: Table, change: FactWrites) -> bool:
    if change.invitation:
        table.invitations.pop(change.invitation.id, None)
    return _commit(table, change)


def _never_reversed(table: Table, invitation: Invitation) -> Situation:
    return replace(_situation(table, invitation), stopped=False)


def _claim_anyway(table: Table, invitation: Invitation, customer: Any, recipient: Any) -> bool:
    table.invitations[invitation.id] = replace(table.invitations[invitation.id], state=State.PENDING)
    return _claim(table, invitation, table.people[customer.id], table.recipient(recipient.hash))


def _take_reminder_anyway(table: Table, invitation: Invitation, _customer: Customer) -> bool:
    stored = table.invitations[invitation.id]
    table.invitations[invitation.id] = replace(stored, delivery_number=REMINDER, reminded_at=invitation.reminded_at)
    return stored.delivery_number < REMINDER


def _by_address(event: BillingEvent, hash_address: Callable[[str], str]) -> str:
    """Whoever types an address is who has it."""
    ref = event.customer
    return f"@{hash_address(ref.address)}" if ref.address else f"{event.source}#{ref.id}" if ref.id else ""


def _newest_holder(table: Table, invitation: Invitation) -> Situation:
    """A survey travels with its address: whoever was stored last with it gets it."""
    situation = _situation(table, invitation)
    hashed = situation.recipient.hash
    holders = [one for one in table.people.values() if one.address_hash == hashed] if hashed else []
    return replace(situation, customer=holders[-1]) if holders else situation


def _asked_of(customer: Customer | None, _recipient: Any) -> Any:
    return customer.last_asked_at if customer else None


def _of_nobody(situation: Situation, channels: Any) -> SkipReason | None:
    return _unreachable(replace(situation, recipient=NOBODY), channels)


def _anew(event: BillingEvent, _subscriptions: Any) -> BillingEvent:
    """Each word about an end is an end of its own."""
    known = event.touchpoint is not Touchpoint.CANCELLED or event.fact.endswith(event.event_id)
    if known or "subscription" not in event.objects:
        return event
    return replace(event, fact=f"{event.fact}{event.event_id}")


def _forget_some(table: Table, change: FactWrites) -> bool:
    lost = change.invitation and change.invitation.id.startswith("0")
    return _commit(table, replace(change, invitation=None, event=None) if lost else change)


_recheck_again, _follows_at = follow_up.recheck_again, next_delivery.follows_at


def _reminder_at_any_hour(one: Any, situation: Any, policy: Policy, now: Any, **more: Any) -> Any:
    return _recheck_again(one, situation, _rules(window=None)(policy), now, **more)


def _remind_at_any_hour(one: Any, customer: Any, policy: Policy, now: Any) -> Any:
    return _follows_at(one, customer, _rules(window=None)(policy), now)


def _no_sweep(*_: Any) -> Swept:
    return Swept()


def _always(value: Any) -> Callable[..., Any]:
    return lambda *_, **__: value


_FAILED_FOR_GOOD: Patches = (
    (BillingEvent, "confirmation_id", property(_always(""))),
    *((where, "failed_since", _always(value=False)) for where in (deciding, capturing, table)),
)
"""What was confirmed once counts as paid, whatever the bank does."""

NOTHING = Switch("", ())
"""Every rule is on."""

SWITCHES = (
    Switch("hours of the window", ("hours", "reminder_hours"), _window(hours=((0, 1440),))),
    Switch("weekends", ("weekend",), _window(weekends=True)),
    Switch("public holidays", ("holiday",), _window(holidays=True)),
    Switch("time zone of the customer", ("hours",), patches=((Policy, "place", _operators_place),)),
    Switch(
        "window checked again as the mail leaves",
        ("hours",),
        patches=((rechecking, "is_open", _always(value=True)), (deciding, "LEAVING", _NOTHING)),
    ),
    Switch("cooldown", ("cooldown",), _rules(cooldown=_NOTHING)),
    Switch("cooldown checked again", ("cooldown",), patches=((rechecking, "cooled", _always(deciding._EVER)),)),
    Switch("one person whatever the spelling", ("cooldown",), patches=((town, "address_hash", lambda one, **_: one),)),
    Switch(
        "a person is not an address",
        ("somebody_else",),
        patches=((identifying, "alias_of", _by_address), (capturing, "alias_of", _by_address)),
    ),
    Switch("a survey stays with its customer", ("name",), patches=((Table, "situation", _newest_holder),)),
    Switch("one cooldown for one mailbox", ("cooldown",), patches=((deciding, "asked_last", _asked_of),)),
    Switch("one objection for one mailbox", ("opted_out",), patches=_both("unreachable", _of_nobody)),
    Switch("legal basis", ("basis",), patches=((rechecking, "unlawful", _always(None)),)),
    Switch("rule of a country", ("basis",), lambda policy: replace(policy, legal=Legal(Need.CUSTOMER))),
    Switch(
        "opt-outs and bounces",
        ("opted_out", "objected", "bounced"),
        patches=(
            *_both("unreachable", _reachable_unless(suppressed=None)),
            (rechecking, "_address_problem", _whatever_bounced),
        ),
    ),
    Switch("deletion", ("deleted",), patches=_both("unreachable", _reachable_unless(deleted=False))),
    Switch(
        "refunds and disputes",
        ("stopped",),
        patches=((rechecking, "_taken_back_since", _always(None)), (deciding, "_taken_back", _always(None))),
    ),
    Switch("links of a payment", ("stopped",), patches=((Table, "situation", _never_reversed),)),
    Switch("late failures of payments", ("failed_after_all",), patches=_FAILED_FOR_GOOD),
    Switch(
        "cancelled orders stop their own survey", ("stopped",), _stopping(Touchpoint.ORDER_CANCELLED, Stops.NOTHING)
    ),
    Switch(
        "cancelled orders stop no other survey",
        ("reason:stopped",),
        _stopping(Touchpoint.ORDER_CANCELLED, Stops.CUSTOMER),
    ),
    Switch("ends of subscriptions stop surveys", ("ended",), _stopping(Touchpoint.CANCELLED, Stops.NOTHING)),
    Switch(
        "ends of subscriptions stop no survey about another",
        ("wait:stopped",),
        _stopping(Touchpoint.CANCELLED, Stops.CUSTOMER),
    ),
    Switch(
        "withdrawals",
        ("withdrawn", "wait:stopped"),
        patches=((Subscription, "leaving", property(lambda one: one.ended_at is not None)),),
    ),
    Switch("what an end held back is looked at again", ("not_woken",), patches=((capturing, "_wake", _always(None)),)),
    Switch(
        "no farewell to who has another subscription",
        ("still_subscribed",),
        patches=((deciding, "stays", _always(value=False)),),
    ),
    Switch(
        "a planned end is nobody's leaving",
        ("wait:stopped",),
        patches=((Subscription, "leaving", property(lambda one: bool(one.ended_at or one.expired_at))),),
    ),
    Switch("words about one end are one farewell", ("farewell_twice",), patches=((capturing, "farewell_of", _anew),)),
    Switch(
        "real ends are asked about",
        ("reason:withdrawn", "end_forgotten"),
        patches=_both("no_farewell", _always(SkipReason.WITHDRAWN)),
        days=60,
    ),
    Switch("delay", ("early",), _rules(delay=_NOTHING)),
    Switch("settling of what arrives late", ("settling",), patches=((deciding, "LATE_FACT_GRACE", _NOTHING),)),
    Switch("patience", ("late",), _rules(patience=_LONG)),
    Switch("sampling", ("sample",), _rules(sampling=1.0)),
    Switch("what is asked about", ("not_asked", "not_paid"), _rules(ask=True, paid_only=False)),
    Switch(
        "test mode",
        ("test_mode",),
        lambda policy: replace(
            policy, sources={name: replace(source, test_mode=True) for name, source in policy.sources.items()}
        ),
    ),
    Switch("caps per hour and day", ("cap",), lambda policy: replace(policy, sending=SendingCaps())),
    Switch("quota", ("quota",), _rules(quota=0)),
    Switch("circuit breaker", ("halted",), patches=((town.MemoryCaps, "pause_reason", _always("")),)),
    Switch(
        "bad and role addresses", ("bad_address", "role_address"), patches=((town, "address_problem", _always(None)),)
    ),
    Switch("priority", ("priority",), patches=((rechecking, "_goes_before", _always(value=False)),)),
    Switch("one mail for each claim", ("twice",), patches=((Table, "claim", _claim_anyway),)),
    Switch(
        "no reminder after an answer",
        ("reminder_answered",),
        patches=((rechecking, "_settled", _always(None)), (Table, "claim_reminder", _take_reminder_anyway)),
    ),
    Switch("one reminder", ("reminder_twice",), patches=((Table, "claim_reminder", _always(value=True)),)),
    Switch("days before the reminder", ("reminder_early",), _rules(reminder=timedelta(days=1))),
    Switch(
        "window of the reminder",
        ("reminder_hours", "reminder_holiday"),
        patches=(
            (follow_up, "recheck_again", _reminder_at_any_hour),
            (next_delivery, "follows_at", _remind_at_any_hour),
        ),
    ),
    Switch(
        "twins are one fact",
        ("invented",),
        patches=((BillingEvent, "invitation_id", property(lambda one: name_of(one.event_id))),),
    ),
    Switch(
        "a repeat has no effects",
        ("closed_after_mail",),
        patches=((Table, "look_up", _never_heard), (Table, "commit", _commit_again)),
    ),
    Switch("every fact is kept", ("unaccounted",), patches=((Table, "commit", _forget_some),), days=30),
    Switch("a turn for everybody", ("no_turn",), patches=((town, "run_campaigns", _always(())),), days=80),
    Switch("the sweep", ("for_ever",), patches=((town, "sweep", _no_sweep),), days=200),
    Switch("true reasons", ("reason:expired",), patches=((deciding, "_late", _always(SkipReason.EXPIRED)),)),
)
