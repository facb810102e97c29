"""What the answer API takes, and how it says what is wrong."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from afterbill.answers.api import document, problems
from afterbill.answers.api.bodies import AnswerBody, CustomerBody, SegmentsBody
from afterbill.answers.external import ReportedAnswer
from afterbill.model.billing import Touchpoint
from afterbill.model.questions import SCALES, Question
from afterbill_dev.generate import openapi
from tests.factories import DAY, HOUR, MINUTE, NOON


def parsed(body: Any, now: datetime = NOON) -> ReportedAnswer:
    return AnswerBody.model_validate(body, context={"now": now}).reported()


def faults(body: Any, now: datetime = NOON) -> dict[str, str]:
    """What is wrong, by field."""
    with pytest.raises(ValidationError) as refused:
        parsed(body, now)
    return {one["field"]: one["message"] for one in problems.faults_of(refused.value)}


def test_a_rating_is_all_it_needs() -> None:
    assert parsed({"rating": 9}) == ReportedAnswer(9, Question.NPS, touchpoint=Touchpoint.RELATIONSHIP)


def test_everything_it_can_say_is_taken() -> None:
    body = {
        "rating": 4,
        "question": "csat",
        "answered_at": "2026-11-22T12:30:15.5+01:00",
        "comment": "Quick\r\nand friendly",
        "reason": "service",
        "contact_ok": True,
        "touchpoint": "support_resolved",
        "source": "call centre",
        "customer": {"id": "cus_1", "source": "stripe", "email": "ada@example.com"},
        "segments": {"plan": "pro", "country": "CH", "locale": "de-CH"},
    }

    assert parsed(body) == ReportedAnswer(
        rating=4,
        question=Question.CSAT,
        answered_at=datetime(2026, 11, 22, 11, 30, 15, 500_000, tzinfo=UTC),
        comment="Quick\r\nand friendly",
        reason="service",
        contact_ok=True,
        touchpoint=Touchpoint.SUPPORT_RESOLVED,
        source="call centre",
        customer_source="stripe",
        customer_id="cus_1",
        email="ada@example.com",
        segments={"plan": "pro", "country": "CH", "locale": "de-CH"},
    )


@pytest.mark.parametrize("question", Question)
def test_a_rating_lies_on_the_scale_of_its_question(question: Question) -> None:
    scale = SCALES[question]
    for rating in scale.ratings:
        assert parsed({"rating": rating, "question": question.value}).rating == rating
    for rating in (scale.lowest - 1, scale.highest + 1):
        assert faults({"rating": rating, "question": question.value}).keys() == {"rating"}


@pytest.mark.parametrize("rating", [9.5, "9", "", None, True, [9], {"n": 9}, float("inf"), 10**400, -1])
def test_a_rating_is_never_guessed(rating: Any) -> None:
    assert faults({"rating": rating}).keys() == {"rating"}


def test_a_number_without_a_fraction_is_whole_however_it_is_written() -> None:
    assert parsed({"rating": 9.0}).rating == 9


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-11-22",
        "2026-11-22T12:00:00",
        "2026-11-22 12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2026-11-22T12:00Z",
        "2026-11-22T12:00:60Z",
        "1795350615",
        "٢٠٢٦-11-22T12:00:00Z",
        "2026-11-22T12:00:00Z\n",
        1795350615,
        None,
        True,
    ],
)
def test_a_moment_names_day_time_and_offset(text: Any) -> None:
    assert "must be a moment of RFC 3339" in faults({"rating": 9, "answered_at": text})["answered_at"]


@pytest.mark.parametrize("text", ["2025-01-01T00:00:00Z", "2026-11-22T13:00:00.123456789+01:00"])
def test_a_moment_may_be_any_of_the_last_700_days(text: str) -> None:
    assert parsed({"rating": 9, "answered_at": text}).answered_at == datetime.fromisoformat(text)


def test_clocks_may_differ_by_five_minutes_and_answers_be_700_days_old() -> None:
    for at in (NOON + 5 * MINUTE, NOON - 700 * DAY):
        assert parsed({"rating": 9, "answered_at": at.isoformat()}).answered_at == at

    late, old = NOON + 5 * MINUTE + timedelta(seconds=1), NOON - 700 * DAY - HOUR
    assert faults({"rating": 9, "answered_at": late.isoformat()}) == {
        "answered_at": "must not lie more than 5 minutes in the future"
    }
    assert faults({"rating": 9, "answered_at": old.isoformat()}) == {"answered_at": "must not be older than 700 days"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("question", "nsp"),
        ("touchpoint", "phone"),
        ("reason", "Too dear"),
        ("reason", "x" * 41),
        ("reason", ""),
        ("source", "x" * 41),
        ("source", " support"),
        ("source", "a\nb"),
        ("source", None),
        ("comment", "x" * 10_001),
        ("comment", None),
        ("comment", "half a \ud83c"),
        ("contact_ok", "yes"),
        ("contact_ok", 1),
        ("customer", None),
        ("customer", {}),
        ("customer", {"id": "cus_1"}),
        ("customer", {"source": "stripe"}),
        ("segments", None),
        ("name", "Ada"),
    ],
)
def test_what_does_not_fit_is_named(field: str, value: Any) -> None:
    assert faults({"rating": 9, field: value}).keys() == {field}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer.email", "ada"),
        ("customer.email", "a b@example.com"),
        ("customer.name", "Ada"),
        ("segments.country", "ch"),
        ("segments.locale", "german"),
        ("segments.plan", "x" * 101),
        ("segments.city", "Basel"),
    ],
)
def test_what_does_not_fit_further_inside_is_named_with_its_place(field: str, value: Any) -> None:
    outer, _, inner = field.partition(".")

    assert faults({"rating": 9, outer: {inner: value}}).keys() == {field}


@pytest.mark.parametrize("body", [[], "9", 9, None, True])
def test_a_body_that_is_no_object_is_wrong_as_a_whole(body: Any) -> None:
    assert faults(body).keys() == {""}


def test_everything_that_is_wrong_is_said_at_once_up_to_a_point() -> None:
    assert faults({"rating": 11, "reason": "Too dear", "contact_ok": "no"}).keys() == {"rating", "reason", "contact_ok"}
    assert len(faults({f"field {number}": 1 for number in range(30)})) == 20


ANY_JSON: tuple[Any, ...] = (
    *(
        "",
        " blank first",
        "a\nb",
        "x" * 20_000,
        "no such thing",
        "\ud800",
        3,
        -1,
        11,
        10**30,
        1.5,
        float("inf"),
        True,
        None,
    ),
    *([], [1], {}, {"a": 1}),
)
NOT_OURS = ("Input", "should", "pattern", "pydantic", "datetime.", "regex", "^", "\\", "'", "characters or")
PARTS = {"": AnswerBody, "customer": CustomerBody, "segments": SegmentsBody}
FIELDS = [f"{part}.{name}".strip(".") for part, body in PARTS.items() for name in body.model_fields]


@pytest.mark.parametrize("field", ["nothing", "customer.nothing", *FIELDS])
def test_no_value_of_any_kind_is_refused_in_the_words_of_a_library(field: str) -> None:
    part, _, name = field.rpartition(".")
    for value in ANY_JSON:
        body: Any = {"rating": 9, part: {name: value}} if part else {"rating": 9, name: value}
        try:
            parsed(body)
        except ValidationError as refused:
            for one in problems.faults_of(refused):
                assert not [word for word in NOT_OURS if word in one["message"]], one
                assert one["message"].startswith(("must ", "is ", "needs ", "`id` and "))


@pytest.mark.parametrize("body", [None, 3, "9", [], [{"rating": 9}]])
def test_a_body_that_is_no_object_is_told_so(body: Any) -> None:
    assert faults(body) == {"": "must be an object"}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("ratting", 9, 'is unknown; did you mean "rating"?'),
        ("customer", {"mail": "ada@example.com"}, 'is unknown; did you mean "email"?'),
        ("rating", "9", "must be a whole number"),
        ("rating", 11, "must be at most 10"),
        ("contact_ok", "yes", "must be true or false"),
        ("question", "nsp", "must be one of nps, csat, ces, rebuy"),
        ("comment", "x" * 20_000, "must have at most 10000 characters"),
        ("reason", "Too dear", 'must be 1 to 40 signs out of a to z, 0 to 9, "_" and "-"'),
        ("source", "a\nb", "must be a text on one line of 1 to 40 characters, no blank first"),
        ("segments", {"country": "de"}, "must be the ISO 3166 code of a country in two capitals: DE"),
        ("segments", {"locale": "German"}, "must be a language, with a country if need be: de, de-CH"),
        ("customer", {"email": "ada"}, "must be one mail address such as name@example.com"),
        (
            "customer",
            {"id": " 1", "source": "stripe"},
            "must be a text on one line of 1 to 200 characters, no blank first",
        ),
        ("customer", [], "must be an object"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_allowed(field: str, value: object, message: str) -> None:
    assert list(faults({"rating": 9, field: value}).values()) == [message]


def test_what_is_wrong_is_not_repeated() -> None:
    names = faults({"rating": 9, "customer": {"email": "ada at example"}, "x" * 1000: 1})

    assert "ada" not in json.dumps(names)
    assert max(map(len, names)) == 100


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"rating": NaN}',
        b'{"rating": Infinity}',
        b"\xff",
        b"[" * 100_000,
        b'{"rating": ' + b"9" * 5000 + b"}",
    ],
    ids=["nothing", "half", "NaN", "infinity", "not UTF-8", "too deep", "too long a number"],
)
def test_what_is_no_json_is_no_json(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # each has words of its own
        problems.loads(body)


def test_the_document_is_that_of_the_models() -> None:
    """`make openapi` writes it."""
    assert document() == openapi.written()


def test_the_document_is_written_to_its_place(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(openapi, "DOCUMENT", tmp_path / "openapi.json.gz")

    assert openapi.main() == 0
    assert json.loads(gzip.decompress((tmp_path / "openapi.json.gz").read_bytes())) == openapi.document()


def test_the_examples_of_the_document_are_answers() -> None:
    content = openapi.document()["paths"]["/v1/responses"]["post"]["requestBody"]["content"]["application/json"]

    assert [parsed(one["value"]).rating for one in content["examples"].values()] == [9, 4]
