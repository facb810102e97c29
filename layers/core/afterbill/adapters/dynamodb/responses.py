"""The table as the answer page and the mail system's events see it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from afterbill.adapters.aws.clients import write_if
from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import answer_attributes, invitation_of, milliseconds, stamp
from afterbill.adapters.dynamodb.table import REMOVED, THERE, InvitationTable
from afterbill.model.customer import Customer, Suppression
from afterbill.model.invitation import ASKED, Answer, Delivery, Invitation, Recorded
from afterbill.model.questions import SCALES
from afterbill.model.visits import MOST_OF_ONE, MOST_PROGRAMS, MOST_VISITS, REFUSED, Visit, refused

_BOUNDS = {":most": MOST_VISITS, ":most_programs": MOST_PROGRAMS, ":most_of_one": MOST_OF_ONE}


class ResponsesTable(InvitationTable):
    """Responses and MailEvents over DynamoDB."""

    def record(self, invitation_id: str, answer: Answer, now: datetime, day: str, channel: str = "") -> Recorded | None:
        """Store the answer if it is still accepted; None when there is no such invitation. One call.

        One that permits contact is accepted only where a customer is known.
        """
        states = {f":{state}": state for state in sorted(ASKED)}
        attributes = answer_attributes(answer)
        values = {name: value for name, value in attributes.items() if value != ""}
        removed = ["label", *(f"#{name}" for name in attributes if name not in values)]
        another_channel = ", channel = :channel, #segments.channel = :channel" if channel else ""
        others = _asking_otherwise(answer.rating)
        known = f" AND attribute_exists({keys.CUSTOMER_ID})" if answer.contact_ok else ""
        update = self.update(
            keys.invitation(invitation_id),
            f"SET {', '.join(f'#{name} = :{name}' for name in values)}, "
            "answered_at = if_not_exists(answered_at, :now), answered_day = if_not_exists(answered_day, :day), "
            f"{keys.TTL} = if_not_exists({keys.KEPT_UNTIL}, {keys.TTL}){another_channel} "
            f"REMOVE {', '.join(removed)}",
            f"#state IN ({', '.join(states)}) AND answer_until >= :epoch{known}{_asks_none_of(others)}",
            {
                **states,
                **others,
                **{f":{name}": value for name, value in values.items()},
                **({":channel": channel} if channel else {}),
                ":now": stamp(now),
                ":day": day,
                ":epoch": int(now.timestamp()),
            },
        )
        return self._updated(update, "recording an answer")

    def visit(self, invitation_id: str, visit: Visit) -> Invitation | None:
        """Keep the visit while there is room (`with_visit`); return the invitation as it stands then.

        One call, and one more where there is none: the newest visit of a program that came too often takes the place of
        the one before, and of any other the moment is noted.
        """
        others = {} if visit.rating is None else _asking_otherwise(visit.rating)
        one_more = self._kept(
            invitation_id,
            visit.visitor_key,
            "visits.#program = list_append(if_not_exists(visits.#program, :none), :visit), "
            "visited = if_not_exists(visited, :zero) + :one",
            "attribute_exists(visits) AND (attribute_not_exists(visited) OR visited < :most) "
            "AND ((attribute_exists(visits.#program) AND size(visits.#program) < :most_of_one) "
            f"OR (attribute_not_exists(visits.#program) AND size(visits) < :most_programs)){_asks_none_of(others)}",
            {":visit": [visit.code], ":none": [], ":zero": 0, ":one": 1, **_BOUNDS, **others},
        )
        if one_more is None or one_more.stored or visit.rating not in {None, *one_more.invitation.scale.ratings}:
            return one_more.invitation if one_more else None
        own = [one for one in one_more.invitation.visits if one.visitor_key == visit.visitor_key]
        capped = len(own) >= MOST_OF_ONE
        change = f"visits.#program[{MOST_OF_ONE - 1}] = :value" if capped else "visits.#program = :value"
        program, value = (visit.visitor_key, visit.code) if capped else (REFUSED, [refused(visit.at).code])
        there = f"attribute_exists(visits{'.#program' * capped})"  # a review may have made room in this very moment
        newest = self._kept(invitation_id, program, change, there, {":value": value})
        return newest.invitation if newest else None

    def _kept(
        self, invitation_id: str, program: str, change: str, condition: str, values: Mapping[str, Any]
    ) -> Recorded | None:
        """Change the visits of a program, given by the name they are stored under."""
        update = self.update(keys.invitation(invitation_id), f"SET {change}", condition, values)
        update["ExpressionAttributeNames"]["#program"] = program
        return self._updated(update, "keeping a visit")

    def _updated(self, update: Mapping[str, Any], what: str) -> Recorded | None:
        """The invitation as it stands, and whether the condition held; None when there is none."""
        written = write_if(
            self.dynamodb.update_item,
            what,
            **update,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
        there = written.item and self.current(written.item)
        return Recorded(invitation_of(written.item), stored=written.held) if there else None

    def suppress(self, address_hash: str, reason: Suppression, now: datetime, holder: Customer | None) -> bool:
        """Never write to this address again, nor to its holder; a bounce is about the address alone, and gives way.

        What was said before an operator lifted a suppression stays lifted. True where the address is objected to now.
        """
        mark = self.update(
            keys.address(address_hash),
            f"SET reason = :reason, since = if_not_exists(since, :now), {keys.SAID_AT} = :now REMOVE {keys.TTL}",
            "(attribute_not_exists(reason) OR reason = :bounced) "
            "AND (attribute_not_exists(lifted_at) OR lifted_at < :now)",
            {":reason": reason, ":bounced": Suppression.BOUNCED, ":now": stamp(now)},
        )
        written = write_if(
            self.dynamodb.update_item, "suppressing", **mark, ReturnValuesOnConditionCheckFailure="ALL_OLD"
        )
        kept = reason if written.held else written.item.get("reason", {}).get("S", Suppression.BOUNCED)
        # A bounce is about the address alone; where the address is not suppressed, this word was lifted.
        objected = Suppression.BOUNCED not in {reason, kept}
        if holder and objected:
            self.change(
                keys.customer(holder.id),
                "SET suppressed = :reason ADD #version :one",
                f"attribute_exists({keys.PK}) AND attribute_not_exists(suppressed)",
                {":reason": reason, ":one": 1},
            )
        return objected

    def deliver(self, invitation_id: str, delivery: Delivery, delivered_at: datetime | None = None) -> None:
        """Raise the delivery rank, and keep the first moment it was delivered at; a lower rank changes nothing."""
        at = {":at": milliseconds(delivered_at)} if delivered_at else {}
        adverse = f", {keys.ADVERSE} = :rank" * delivery.adverse
        missing = " OR (delivery = :rank AND attribute_not_exists(delivered_at))" if at else ""
        self.change(
            keys.invitation(invitation_id),
            f"SET delivery = :rank{adverse}{', delivered_at = if_not_exists(delivered_at, :at)' * bool(at)}",
            f"{THERE} AND (attribute_not_exists(delivery) OR delivery < :rank{missing})",
            {":rank": int(delivery), **at, **REMOVED},
        )


def _asking_otherwise(rating: int) -> dict[str, str]:
    """The questions on whose scale the rating is not, as values of a condition."""
    return {f":{question}": question for question, scale in SCALES.items() if rating not in scale.ratings}


def _asks_none_of(questions: Mapping[str, str]) -> str:
    """A condition that the invitation asks something else; the usual question is not stored with it."""
    asked, among = "#segments.#question", ", ".join(questions)
    return f" AND (attribute_not_exists({asked}) OR NOT {asked} IN ({among}))" if questions else ""
