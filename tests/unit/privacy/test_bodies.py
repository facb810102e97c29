"""A body of a privacy request says only what is allowed, and a request is told without anybody in it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from afterbill.model.privacy import DEADLINE, PrivacyRequest, RequestKind, RequestState
from afterbill.privacy.api.bodies import AskBody, KeptRequestBody, RequestBody
from afterbill.privacy.api.stated import kept, stated
from afterbill.privacy.ask import Ask
from tests.factories import ADA, NOON

OURS = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
REQUEST = PrivacyRequest(
    OURS,
    RequestKind.ERASE,
    NOON,
    "key:1",
    NOON + DEADLINE,
    customer_ids=frozenset({"a", "b"}),
    invitation_ids=frozenset("c"),
)


def ask(**body: Any) -> Ask:
    return AskBody.model_validate({"kind": "erase", "why": "letter 7", **body}).ask()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"customer": {"id": "customer-1"}}, {"customer_id": "customer-1"}),
        ({"customer": {"id": "cus_1", "source": "shop"}}, {"alias": "shop#cus_1"}),
        ({"customer": {"email": ADA}}, {"email": ADA}),
        ({"invitation": OURS}, {"invitation_id": OURS}),
    ],
)
def test_each_way_to_name_somebody_is_understood(body: dict[str, Any], expected: dict[str, str]) -> None:
    assert ask(**body) == Ask(RequestKind.ERASE, "letter 7", **expected)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"customer": {}},
        {"customer": {"source": "shop"}},
        {"customer": {"source": "shop", "email": ADA}},
        {"customer": {"id": "1", "email": ADA}},
        {"customer": {"email": ADA}, "invitation": OURS},
        {"customer": {"email": ADA}, "kind": "erase_source"},
        {"customer": {"email": ADA}, "why": ""},
        {"customer": {"email": ADA}, "why": f"{ADA} asked"},
        {"customer": {"email": ADA}, "why": "x" * 301},
        {"invitation": OURS.upper()},
    ],
)
def test_nothing_is_guessed(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ask(**body)


def test_what_is_told_of_a_kept_request_is_how_many_and_not_who() -> None:
    assert kept(REQUEST) == {"id": OURS, "kind": "erase", "state": "open", "customers": 3}
    assert KeptRequestBody.model_validate(kept(REQUEST))


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST,
        replace(REQUEST, state=RequestState.SETTLING, settle_at=NOON + timedelta(minutes=20), removed={"customers": 2}),
        replace(REQUEST, state=RequestState.DONE, done_at=NOON),
    ],
)
def test_how_far_it_has_come_is_told_as_the_document_says(request_: PrivacyRequest) -> None:
    told = stated(request_)

    assert RequestBody.model_validate(told)
    assert (told["due_at"], told["state"]) == ("2026-12-22T12:00:00Z", request_.state)
    assert "customer_ids" not in told
