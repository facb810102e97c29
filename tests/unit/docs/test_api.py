"""The page about the answer API says what the API does."""

import json
import re
from datetime import UTC, datetime

from afterbill.answers import responses_query
from afterbill.answers.api import problems
from afterbill.answers.api.bodies import AnswerBody, KeptBody, ProblemBody
from afterbill.answers.api.problems import Problem
from afterbill.answers.api_keys import Scope
from afterbill.answers.response_rows import COLUMNS
from afterbill.insight.reports import query as report_words
from afterbill.model.privacy import RequestKind, RequestState
from afterbill.privacy.api.bodies import AskBody
from tests.unit.docs.pages import blocks, read, table

PAGE = "docs/api.md"


def test_what_curl_sends_is_an_answer_and_a_request():
    answer, request = [sent for text in blocks("sh") for sent in re.findall(r"--json '(.+?)'", text, re.DOTALL)]

    told = AnswerBody.model_validate(json.loads(answer), context={"now": datetime.now(UTC)}).reported()
    assert (told.rating, told.source, told.customer_source) == (9, "call centre", "stripe")
    asked = AskBody.model_validate(json.loads(request)).ask()
    assert (asked.kind, asked.email) == (RequestKind.ERASE, "ada@example.com")


def test_every_field_of_a_request_and_every_state_has_its_row():
    page = read(PAGE).partition("## Requests about people")[2]

    assert [name for name in AskBody.model_fields if f"| `{name}` |" not in page] == []
    assert [state for state in RequestState if f"| `{state}` |" not in page] == []


def test_every_field_has_its_row():
    assert [row[0].strip("`") for row in table(PAGE, "field")] != []
    assert {row[0].strip("`") for row in table(PAGE, "field")} == set(AnswerBody.model_fields)


def test_every_refusal_has_its_row():
    rows = {(int(status), code.strip("`")) for status, code, _ in table(PAGE, "status")}

    assert rows == {(one.status, one.code) for one in vars(problems).values() if isinstance(one, Problem)}


def test_what_it_shows_of_the_answers_is_what_comes():
    kept, refused, page = re.findall(r"^```json\n(.*?)^```$", read(PAGE), re.MULTILINE | re.DOTALL)

    assert KeptBody.model_validate_json(kept).outcome == "recorded"
    assert ProblemBody.model_validate_json(refused).detail == problems.INVALID.detail
    assert list(json.loads(page)) == ["responses", "left_out", "next"]
    assert json.loads(page)["responses"][0].keys() <= set(COLUMNS)


def test_every_word_of_a_query_has_its_row():
    _, _, reading = read(PAGE).partition("## Reports")
    reports, _, answers = reading.partition("## Answers")

    assert [name for name in report_words.NAMES if f"| `{name}` |" not in reports] == []
    assert [name for name in responses_query.NAMES if f"`{name}`" not in answers] == []


def test_every_scope_has_its_row():
    assert {row[0].strip("`") for row in table(PAGE, "scope")} == set(Scope)
