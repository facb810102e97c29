"""The table as send_survey sees it: claim in one transaction, mark in one update."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.compact import microseconds, packed, price_text
from afterbill.adapters.dynamodb.items import (
    customer_of,
    day_attributes,
    deferrals_of,
    end_of,
    failed_at,
    follow_ups_of,
    milliseconds,
    reached_of,
    recipient_of,
    stamp,
    waiting_of,
)
from afterbill.adapters.dynamodb.table import InvitationTable
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer, Recipient
from afterbill.model.invitation import Delivery, Invitation, State
from afterbill.outreach.policy import Situation, failed_since

_OPEN = (
    "#state = :sent AND (attribute_not_exists(delivery_number) OR delivery_number < :number) "
    "AND attribute_not_exists(rating) AND attribute_not_exists(dismissed_at) AND attribute_not_exists(reminded_at)"
)
"""Holds while the next delivery may still be taken, as far as the invitation itself tells."""

_SECOND = 2
"""The generation of the first deferral; the one before is not stored."""


class InvitationsTable(InvitationTable):
    """Invitations over DynamoDB."""

    def situation(self, invitation: Invitation) -> Situation:
        """The customer, their address, and whether the payment was taken back: one batch read.

        One more where the address is not the one that was known when the fact was captured.
        """
        planned = invitation.address_hashes[-1] if invitation.address_hashes else ""
        links = [keys.link(link) for link in invitation.links]
        wanted = [keys.customer(invitation.customer_id)] if invitation.customer_id else []
        items = self.read([*links, *wanted, *([keys.address(planned)] if planned else [])])
        item = items.get(keys.customer(invitation.customer_id)[keys.PK]["S"])
        customer = customer_of(item) if item else None
        stopped = any(_stops(items.get(link[keys.PK]["S"], {}), invitation) for link in links)
        hashed = customer.address_hash if customer else ""
        if not hashed:
            return Situation(customer, stopped)
        address = keys.address(hashed)
        known = items if hashed == planned else self.read([address])
        return Situation(customer, stopped, recipient=recipient_of(hashed, known.get(address[keys.PK]["S"], {})))

    def claim(self, invitation: Invitation, customer: Customer, recipient: Recipient) -> bool:
        """pending -> sending under this attempt, and note that customer and address were asked; False on any change."""
        claimed_at = invitation.claimed_at
        if claimed_at is None:
            message = "an invitation is claimed with its claimed_at set"
            raise ValueError(message)
        way, ways = _way(invitation)
        early, places = "", dict[str, str]()
        if invitation.deferred_until == claimed_at:
            # It leaves its place in the future: the sweep looks for a lost claim where its time has come.
            place, places = self._placed(invitation.ready_at)
            early = f"deferred_until = :now{place}, "
        price = {":price": price_text(invitation.recurring, invitation.money)} if invitation.recurring else {}
        early += "price = :price, " * bool(price)
        claim = self.update(
            keys.invitation(invitation.id),
            "SET #state = :sending, attempt = :attempt, claimed_at = :now, answer_until = :until, "
            f"customer_id = :customer, reached = :reached, locale = :locale, #zone = :zone, {early}{way}",
            "#state = :pending",
            {
                ":sending": State.SENDING,
                ":pending": State.PENDING,
                ":attempt": invitation.attempt,
                ":now": stamp(claimed_at),
                ":until": int(invitation.answer_until.timestamp()),
                ":customer": customer.id,
                ":reached": reached_of(invitation),
                **ways,
                **places,
                **price,
                ":locale": invitation.locale,
                ":zone": invitation.zone,
            },
        )
        waits, called = invitation.id in customer.waiting, _called(invitation, customer)
        offers, end = _offer(invitation), {} if customer.forget_at else end_of(customer)
        kept = "".join(f", {name} = :{name}" for name in end)
        asked = self.update(
            keys.customer(customer.id),
            f"SET last_asked_at = :now{', offered = :offered' * bool(offers)}{kept} ADD #version :one"
            + (f" REMOVE waiting.#{invitation.id}" if waits else "")
            + " DELETE when_seen :ids" * bool(called),
            "#version = :read",
            {":now": stamp(claimed_at), ":one": 1, ":read": customer.version, **offers, **called}
            | {f":{name}": value for name, value in end.items()},
        )
        address = [self._ask(recipient, claimed_at)] if recipient.hash else []
        return self.transact([{"Update": update} for update in (claim, asked, *address)])

    def _ask(self, recipient: Recipient, now: datetime) -> dict[str, Any]:
        """Note that the address is asked now, unless it was since it was read, or became suppressed."""
        read: dict[str, Any] = {":before": stamp(recipient.last_asked_at)} if recipient.last_asked_at else {}
        same = " OR last_asked_at <= :before" if read else ""
        # What is suppressed stays for ever.
        known = recipient.suppressed is not None
        read |= {":reason": recipient.suppressed} if known else {":forgotten": self.kept_since(now)}
        return self.update(
            keys.address(recipient.hash),
            "SET last_asked_at = :now" + ("" if known else f", {keys.TTL} = :forgotten"),
            f"(attribute_not_exists(last_asked_at){same} OR {keys.TTL} <= :expired) "
            f"AND (attribute_not_exists(reason){' OR reason = :reason' * known})",
            {":now": stamp(now), **read, ":expired": int(self.clock())},
        )

    def defer(self, invitation: Invitation, customer: Customer) -> bool:
        """Store the wait it carries, unless it changed since it was read (then False); the customer waits as long."""
        pending, first = invitation.state is State.PENDING, invitation.generation == _SECOND
        place, places = self._placed(invitation.ready_at) if pending else ("", {})
        stored = self.update(
            keys.invitation(invitation.id),
            f"SET deferred_until = :until, generation = :next, deferrals = :deferrals{place}",
            f"#state = :state AND (generation = :read{' OR attribute_not_exists(generation)' * first})",
            {
                ":until": stamp(invitation.ready_at),
                ":next": invitation.generation,
                ":read": invitation.generation - 1,
                ":deferrals": deferrals_of(invitation),
                ":state": invitation.state,
                **places,
            },
        )
        waits = self._waits(invitation, customer)
        return self.together(stored, waits) if waits else self.apply(stored)

    def _placed(self, ready_at: datetime) -> tuple[str, dict[str, str]]:
        """The last part of a SET that puts an invitation under the day of its ready moment, with its values."""
        day = day_attributes(ready_at, self.day_of(ready_at))
        return "".join(f", {name} = :{name}" for name in day), {f":{name}": value for name, value in day.items()}

    def _waits(self, invitation: Invitation, customer: Customer) -> dict[str, Any] | None:
        """Let the customer wait for it as long as it waits itself; None where nothing of the customer changes."""
        entry, listed = f"waiting.#{invitation.id}", invitation.id in customer.waiting
        if invitation.until_seen:
            return self.update(
                keys.customer(customer.id),
                f"ADD when_seen :ids, #version :one{f' REMOVE {entry}' * listed}",
                "attribute_exists(pk)",
                {":one": 1, ":ids": {invitation.id}},
            )
        if not listed:
            return None
        until = {":until": stamp(invitation.ready_at)}
        change, values = (f"REMOVE {entry}", {}) if invitation.held else (f"SET {entry}.due_at = :until", until)
        return self.update(
            keys.customer(customer.id),
            f"{change} ADD #version :one",
            f"attribute_exists({entry})",
            {":one": 1, **values},
        )

    def release(self, invitation: Invitation, customer: Customer, recipient: Recipient) -> None:
        """sending or unknown -> pending, with its moment and generation; nobody was asked, and the customer waits."""
        until = invitation.deferred_until
        place, places = self._placed(until) if until else ("", {})
        defer = f", deferred_until = :until{place}" * bool(until)
        released = self.update(
            keys.invitation(invitation.id),
            f"SET #state = :pending, generation = :generation{defer} REMOVE attempt, claimed_at",
            "#state IN (:sending, :unknown) AND attempt = :attempt",
            {
                ":pending": State.PENDING,
                ":sending": State.SENDING,
                ":unknown": State.UNKNOWN,
                ":attempt": invitation.attempt,
                ":generation": invitation.generation,
            }
            | ({":until": stamp(until), **places} if until else {}),
        )
        before, waits = invitation.previously_asked_at, customer.waiting.get(invitation.id)
        values: dict[str, Any] = {":before": _iso(before)} if before else {}
        values |= {":waits": waiting_of(replace(waits, due_at=invitation.ready_at))} if waits else {}
        sets = ", ".join(
            ["last_asked_at = :before"] * bool(before) + [f"waiting.#{invitation.id} = :waits"] * bool(waits)
        )
        not_asked = self.update(
            keys.customer(customer.id),
            f"ADD #version :one{' SET ' * bool(sets)}{sets}" + ("" if before else " REMOVE last_asked_at"),
            "last_asked_at = :claimed",
            values | {":claimed": _iso(invitation.claimed_at), ":one": 1},
        )
        address = [self._unasked(recipient, invitation)] if recipient.hash else []
        self.together(released, not_asked, *address)

    def _unasked(self, recipient: Recipient, invitation: Invitation) -> dict[str, Any]:
        before = {":before": stamp(recipient.last_asked_at)} if recipient.last_asked_at else {}
        return self.update(
            keys.address(recipient.hash),
            "SET last_asked_at = :before" if before else "REMOVE last_asked_at",
            "last_asked_at = :claimed",
            {":claimed": _iso(invitation.claimed_at), **before},
        )

    def mark_sent(self, invitation: Invitation) -> None:
        """sending -> sent with message id and day; what it waited for is over."""
        sent_at = invitation.sent_at
        if sent_at is None:
            message = "an invitation is marked with its sent_at set"
            raise ValueError(message)
        self.change(
            keys.invitation(invitation.id),
            "SET #state = :sent, message_id = :message, sent_at = :at, sent_day = :day, day_bucket = :bucket, "
            "answer_until = :until, delivery = if_not_exists(delivery, :accepted) "
            "REMOVE attempt, claimed_at, deferred_until",
            "#state = :sending AND attempt = :attempt",
            {
                ":sent": State.SENT,
                ":sending": State.SENDING,
                ":attempt": invitation.attempt,
                ":message": packed(invitation.message_id),
                ":at": microseconds(sent_at),
                ":day": invitation.sent_day,
                ":bucket": keys.day_bucket(invitation.sent_day),
                ":until": int(invitation.answer_until.timestamp()),
                ":accepted": int(Delivery.ACCEPTED),
            },
        )

    def claim_follow_up(self, invitation: Invitation, customer: Customer) -> bool:
        """Take the next delivery by the channel it carries; False when anything that matters changed."""
        way, ways = _way(invitation, **_proofs(invitation))
        taken = self.update(
            keys.invitation(invitation.id),
            f"SET delivery_number = :number, follow_ups = :follow_ups, reached = :reached, {way}",
            f"{_OPEN} AND (attribute_not_exists(delivery) OR delivery < :complained)",
            {
                **ways,
                ":number": invitation.delivery_number,
                ":follow_ups": follow_ups_of(invitation),
                ":reached": reached_of(invitation),
                ":sent": State.SENT,
                ":complained": int(Delivery.COMPLAINED),
            },
        )
        offers = _offer(invitation)
        same = self.update(
            keys.customer(customer.id),
            f"{'SET offered = :offered ' * bool(offers)}ADD #version :one",
            "#version = :read",
            {":one": 1, ":read": customer.version, **offers},
        )
        return self.transact([{"Update": taken}, {"Update": same}])

    def release_follow_up(self, invitation: Invitation) -> None:
        """Give the delivery back: channel, number, deliveries, proofs, moment, generation become those it carries."""
        way, ways = _way(invitation, **_proofs(invitation))
        first = invitation.generation == _SECOND
        self.change(
            keys.invitation(invitation.id),
            "SET delivery_number = :before, follow_ups = :follow_ups, reached = :reached, "
            f"deferred_until = :until, generation = :generation, {way}",
            "delivery_number = :mine AND attribute_not_exists(reminded_at) AND attribute_not_exists(rating) "
            f"AND (generation = :read{' OR attribute_not_exists(generation)' * first})",
            {
                **ways,
                ":before": invitation.delivery_number,
                ":mine": invitation.delivery_number + 1,
                ":follow_ups": follow_ups_of(invitation),
                ":reached": reached_of(invitation),
                ":until": _iso(invitation.deferred_until),
                ":generation": invitation.generation,
                ":read": invitation.generation - 1,
            },
        )

    def claim_reminder(self, invitation: Invitation, customer: Customer) -> bool:
        """Take the one reminder, at the `reminded_at` it carries; False when anything that matters changed."""
        taken = self.update(
            keys.invitation(invitation.id),
            "SET delivery_number = :number, reminded_at = :now, reached = :reached",
            f"{_OPEN} AND (attribute_not_exists(delivery) OR delivery < :bounced)",
            {
                ":number": invitation.delivery_number,
                ":now": _iso(invitation.reminded_at),
                ":reached": reached_of(invitation),
                ":sent": State.SENT,
                ":bounced": int(Delivery.BOUNCED),
            },
        )
        # An objection at this very moment makes another version of the customer, who is then not reminded.
        same = self.update(
            keys.customer(customer.id), "ADD #version :one", "#version = :read", {":one": 1, ":read": customer.version}
        )
        return self.transact([{"Update": taken}, {"Update": same}])

    def release_reminder(self, invitation: Invitation) -> None:
        """Give the reminder back, with the invitation's `deferred_until` and generation."""
        self.change(
            keys.invitation(invitation.id),
            "SET delivery_number = :before, deferred_until = :until, generation = :generation REMOVE reminded_at",
            "reminded_at = :mine",
            {
                ":before": invitation.delivery_number - 1,
                ":until": _iso(invitation.deferred_until),
                ":generation": invitation.generation,
                ":mine": _iso(invitation.reminded_at),
            },
        )


def _stops(link: Mapping[str, Any], invitation: Invitation) -> bool:
    """True where a link says that its payment was taken back, or failed after this fact."""
    reversed_ = link.get("stopped_by", {"S": invitation.id})["S"] != invitation.id
    return reversed_ or failed_since(invitation.touchpoint, invitation.occurred_at, failed_at(link))


def _way(invitation: Invitation, **more: Any) -> tuple[str, Mapping[str, Any]]:  # noqa: ANN401  # values of an item
    """Build the last part of a SET with the channel's fields and its values; fields that are None are removed.

    The channel is stored only where the segments do not name it.
    """
    twice = invitation.segments.get("channel") == invitation.channel
    fields = {"segments": dict(invitation.segments), "channel": None if twice else invitation.channel, **more}
    kept = {name: value for name, value in fields.items() if value is not None}
    gone = [f"#{name}" for name in fields if name not in kept]
    sets = ", ".join(f"#{name} = :{name}" for name in kept)
    return sets + (f" REMOVE {', '.join(gone)}" if gone else ""), {f":{name}": kept[name] for name in kept}


def _proofs(invitation: Invitation) -> Mapping[str, int | None]:
    """The rank of the delivery and the moment it was delivered at, in milliseconds."""
    return {
        "delivery": int(invitation.delivery) if invitation.delivery else None,
        keys.ADVERSE: int(invitation.delivery) if invitation.delivery and invitation.delivery.adverse else None,
        "delivered_at": milliseconds(invitation.delivered_at) if invitation.delivered_at else None,
    }


def _offer(invitation: Invitation) -> Mapping[str, str]:
    """The offer to store with the customer: the id of an invitation that is shown in the product."""
    return {":offered": invitation.id} if invitation.channel == Channel.IN_APP else {}


def _called(invitation: Invitation, customer: Customer) -> Mapping[str, set[str]]:
    """The invitation as what no longer waits for its customer to use the product, if it does."""
    return {":ids": {invitation.id}} if invitation.id in customer.when_seen else {}


def _iso(at: Any) -> str:  # noqa: ANN401  # a datetime, or None which is never written
    return stamp(at) if at else ""
