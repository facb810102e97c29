"""Keep an answer that another system reports, once however often it is reported, if its API key permits that."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from afterbill.answers.api_keys import ApiKey, Scope, admits, parts_of
from afterbill.answers.external import ExternalResponse, ReportedAnswer, closed_invitation
from afterbill.answers.parse_answer import clean_comment
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer, SkipReason

if TYPE_CHECKING:  # this answers HTTP, and starts without what the ports name
    from afterbill.answers.ports import ApiKeys, ExternalResponses


class Refusal(StrEnum):
    """The reason for which a call is not authorised."""

    NO_KEY = "no_key"
    WRONG_KEY = "wrong_key"
    WRONG_SCOPE = "wrong_scope"


class Outcome(StrEnum):
    """The fate of a reported answer; `reused`: its idempotency key came before, with another answer."""

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
    """The dependencies; both hashes are keyed.

    `stage_of` gives the stage of a touchpoint, `day_of` the operator's local day of an instant. `declared` are the
    segments that surveys.toml declares, each with its attribute of the customer.
    """

    table: "ExternalResponses"
    hash_address: Callable[[str], str]
    hash_alias: Callable[[str], str]
    day_of: Callable[[datetime], str]
    stage_of: Callable[[str], str]
    declared: Mapping[str, str] = field(default_factory=dict)


def authorise(header: str, scope: Scope, keys: "ApiKeys") -> ApiKey | Refusal:
    """Return the key in an Authorization header if it is valid and has the scope; wrong ones take no less time."""
    scheme, _, credentials = header.strip().partition(" ")
    if not credentials or scheme.casefold() != "bearer":
        return Refusal.NO_KEY
    parts = parts_of(credentials.strip())
    if parts is None:
        return Refusal.WRONG_KEY
    id_, secret = parts
    key = keys.api_key(id_)
    if not admits(key, secret) or key is None:
        return Refusal.WRONG_KEY
    return key if scope in key.scopes else Refusal.WRONG_SCOPE


def collect_response(
    reported: ReportedAnswer, key: ApiKey, idempotency_key: str, deps: CollectDeps, now: datetime
) -> Kept:
    """Store the answer in one conditional write; some reads before it where a customer is named."""
    answer_id = hashlib.sha256(f"api|{key.id}|{idempotency_key}".encode()).hexdigest()[:32]
    answered_at = reported.answered_at or now
    response = ExternalResponse(
        id=answer_id,
        fact=f"api|{key.id}|{idempotency_key}|{_digest(reported, deps)}",
        channel=Channel.API,
        source=reported.source or key.name,
        touchpoint=reported.touchpoint,
        stage=deps.stage_of(reported.touchpoint),
        answer=Answer(reported.rating, clean_comment(reported.comment), reported.reason, reported.contact_ok),
        answered_at=answered_at,
        day=deps.day_of(answered_at),
        question=reported.question,
        segments=reported.segments,
        customer=_customer(reported, deps),
        declared=deps.declared,
    )
    before = deps.table.keep_answer(closed_invitation(response, now))
    if before is None:
        return Kept(Outcome.RECORDED, answer_id)
    # Of one whose customer was removed nobody knows any more what it said.
    same = before.fact == response.fact or before.reason == SkipReason.ERASED
    return Kept(Outcome.REPEATED if same else Outcome.REUSED, answer_id)


def _digest(reported: ReportedAnswer, deps: CollectDeps) -> str:
    """Return what tells one answer from another; customers enter as keyed hashes, so that nobody can try addresses."""
    hidden = {
        name: deps.hash_address(value)
        for name, value in (("customer_id", reported.customer_id), ("email", reported.email))
        if value
    }
    # What is left out counts as what it stands for, now and when there is more to say.
    usual = asdict(ReportedAnswer(reported.rating))
    reported_fields = (asdict(reported) | hidden).items()
    fields = {name: value for name, value in reported_fields if name == "rating" or value != usual[name]}
    return hashlib.sha256(json.dumps(fields, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _customer(reported: ReportedAnswer, deps: CollectDeps) -> Customer | None:
    """Return the known customer of the report, by id before address; no customer is created.

    An address that several customers have, of one source or of more, tells none of them. Who was erased is nobody,
    whoever has their address; who is restricted is nobody either, for what is stored of them is used for nothing.
    """
    alias = f"{reported.customer_source}#{reported.customer_id}"
    ids = list(deps.table.customer_ids([alias]).values()) if reported.customer_id else []
    if reported.customer_id and not ids and deps.table.erasures([deps.hash_alias(alias)]):
        return None
    if not ids and reported.email:
        ids = list(deps.table.holders(deps.hash_address(reported.email)))
    customer = deps.table.customers(ids).get(ids[0]) if len(ids) == 1 else None
    return None if customer is None or customer.restricted_at else customer
