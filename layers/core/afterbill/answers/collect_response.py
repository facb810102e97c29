"""Keep an answer that another system tells: who may, what it becomes, and once however often it is told."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from afterbill.answers.api_keys import ApiKey, Scope, admits, parts_of
from afterbill.answers.external import ExternalResponse, invitation_of
from afterbill.answers.parse_answer import clean_comment
from afterbill.answers.told import ReportedAnswer
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer, follow_merges, survivor_of
from afterbill.model.invitation import Answer

if TYPE_CHECKING:  # this answers HTTP, and starts without what the ports name
    from afterbill.answers.ports import ApiKeys, Collecting


class Refusal(StrEnum):
    """Why a key opens nothing."""

    NO_KEY = "no_key"
    WRONG_KEY = "wrong_key"
    WRONG_SCOPE = "wrong_scope"


class Outcome(StrEnum):
    """What became of an answer; `reused`: its idempotency key came before, with another answer."""

    RECORDED = "recorded"
    REPEATED = "repeated"
    REUSED = "reused"


@dataclass(frozen=True, slots=True)
class Kept:
    """The outcome and the id of the answer."""

    outcome: Outcome
    id: str


@dataclass(frozen=True, slots=True)
class CollectDeps:
    """What collecting needs; `stage_of` tells the stage of a touchpoint, `day_of` the operator's day of an instant."""

    table: "Collecting"
    hash_address: Callable[[str], str]
    day_of: Callable[[datetime], str]
    stage_of: Callable[[str], str]


def authorise(header: str, scope: Scope, keys: "ApiKeys") -> ApiKey | Refusal:
    """The key in an Authorization header if it stands and has the scope; a wrong one takes as long as a right one."""
    scheme, _, said = header.strip().partition(" ")
    if not said or scheme.casefold() != "bearer":
        return Refusal.NO_KEY
    parts = parts_of(said.strip())
    if parts is None:
        return Refusal.WRONG_KEY
    id_, secret = parts
    key = keys.api_key(id_)
    if not admits(key, secret) or key is None:
        return Refusal.WRONG_KEY
    return key if scope in key.scopes else Refusal.WRONG_SCOPE


def collect_response(told: ReportedAnswer, key: ApiKey, idempotency_key: str, deps: CollectDeps, now: datetime) -> Kept:
    """One conditional write; where a customer is named, two reads before it: whose the names are, and who that is."""
    answer_id = hashlib.sha256(f"api|{key.id}|{idempotency_key}".encode()).hexdigest()[:32]
    answered_at = told.answered_at or now
    collected = ExternalResponse(
        id=answer_id,
        fact=f"api|{key.id}|{idempotency_key}|{_digest(told, deps)}",
        channel=Channel.API,
        source=told.source or key.name,
        touchpoint=told.touchpoint,
        stage=deps.stage_of(told.touchpoint),
        answer=Answer(told.rating, clean_comment(told.comment), told.reason, told.contact_ok),
        answered_at=answered_at,
        day=deps.day_of(answered_at),
        question=told.question,
        segments=told.segments,
        customer=_customer(told, deps),
    )
    before = deps.table.keep_answer(invitation_of(collected, now))
    if before is None:
        return Kept(Outcome.RECORDED, answer_id)
    return Kept(Outcome.REPEATED if before.fact == collected.fact else Outcome.REUSED, answer_id)


def _digest(told: ReportedAnswer, deps: CollectDeps) -> str:
    """Tells one answer from another; of who gave it only keyed hashes go in, so that nobody can try out addresses."""
    hidden = {
        name: deps.hash_address(value)
        for name, value in (("customer_id", told.customer_id), ("email", told.email))
        if value
    }
    # What is left out counts as what it stands for, now and when there is more to say.
    usual = asdict(ReportedAnswer(told.rating))
    said = {name: value for name, value in (asdict(told) | hidden).items() if name == "rating" or value != usual[name]}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _customer(told: ReportedAnswer, deps: CollectDeps) -> Customer | None:
    """The known customer it names, by id before address, and merged ones followed; nobody becomes one by it."""
    named = [f"{told.customer_source}#{told.customer_id}"] if told.customer_id else []
    named += [f"mail#{deps.hash_address(told.email)}"] if told.email else []
    if not named:
        return None
    known = deps.table.customer_ids(named)
    wanted = next((known[name] for name in named if name in known), "")
    return survivor_of(wanted, follow_merges([wanted], deps.table.customers))
