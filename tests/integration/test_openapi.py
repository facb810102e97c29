"""Requests that Schemathesis makes from the OpenAPI document, good ones and bad ones, against the function itself."""

import json
import sys
from collections import Counter
from dataclasses import replace
from itertools import count

import pytest
import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.transport.wsgi import WSGI_TRANSPORT

from afterbill.adapters.aws.report_files import S3Reports
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.answers.api_keys import Scope
from afterbill.answers.rate_limit import RateLimiter
from afterbill.insight.reports.registry import NAMES
from afterbill.intake.ports import FactWrites
from afterbill.model.invitation import Answer, State
from tests.contract.people import invitation
from tests.integration.calling import with_key
from tests.integration.samples import now, sample
from tests.integration.wsgi import application

RUN = {
    "seed": 20261122,
    "workers": 1,
    "generation": {"max-examples": 60, "deterministic": True, "no-shrink": True},
    # The API reads nothing back: there are no sequences of calls to try.
    "phases": {"stateful": {"enabled": False}, "coverage": {"unexpected-methods": ["PUT"]}},
}
FITTING = {
    "window": "30d",
    "compare": "2026-10",
    "where": ["plan:Team"],
    "by": ["plan"],
    "from": "2026-11-01",
    "to": "2026-11-22",
    "rating": "0-6",
}
"""Queries beyond any pattern: days that there are, in their order, and dimensions of surveys.toml."""
SOCKETS = {"max_redirects", "verify", "cert", "proxies"}


@pytest.fixture
def schema(stack, monkeypatch):
    """The document as it is served, as far as answers go."""
    yield from offered(
        stack, monkeypatch, "collect_response", RUN, {"/v1/responses": "post", "/v1/openapi.json": "get"}
    )


@pytest.fixture
def schema_of_requests(stack, monkeypatch):
    """The document as it is served, as far as privacy requests go."""
    run = RUN | {"generation": RUN["generation"] | {"max-examples": 20}}
    paths = {"/v1/privacy/requests": "post", "/v1/privacy/requests/{id}": "get"}
    yield from offered(stack, monkeypatch, "request_privacy", run, paths)


@pytest.fixture
def schema_of_reading(stack, monkeypatch):
    """The document as it is served, as far as reports and answers are read; some are there."""
    monkeypatch.setattr("afterbill.adapters.aws.report_requests.MOST_ASKED", 1_000_000)
    days = {"name": "30d", "first": "2026-10-24", "last": "2026-11-22"}
    document = {
        "fingerprint": "f",
        "computed_at": "2026-11-23T00:10:02+00:00",
        "window": days,
        "scopes": {"": {"rows": [{"n": 3}]}},
    }
    for name in NAMES:
        S3Reports(stack.s3, "archive").store(f"reports/{name}/nps/30d.json", document)
    for number in range(3):
        one = replace(invitation(f"{number:032x}", state=State.SENT), answer=Answer(number), answered_at=now())
        stored = replace(one, answered_day=now().date().isoformat())
        assert FactsTable(stack.dynamodb, "afterbill").commit(FactWrites(stored))
    run = RUN | {"generation": RUN["generation"] | {"max-examples": 8}}
    paths = {"/v1/responses": "get", "/v1/reports/{name}": "get"}
    yield from offered(stack, monkeypatch, "read_reports", run, paths)


def offered(stack, monkeypatch, function, run, paths):
    """Paths of the document, with a key, over the function without a socket; nobody is throttled."""
    served = json.loads(stack.load("collect_response")(sample("api/openapi_get"))["body"])
    handler = stack.load(function)
    monkeypatch.setattr(sys.modules[f"functions.{function}.app"], "_throttle", RateLimiter(most=1_000_000))
    # Schemathesis 4.32 hands settings of sockets on to werkzeug, which knows none of them.
    send = WSGI_TRANSPORT.send
    monkeypatch.setattr(
        WSGI_TRANSPORT,
        "send",
        lambda case, **options: send(case, **{key: one for key, one in options.items() if key not in SOCKETS}),
    )
    served["paths"] = {path: served["paths"][path] for path in paths}
    loaded = schemathesis.openapi.from_dict(served, config=SchemathesisConfig.from_dict(run))
    loaded.app = application(handler)
    loaded.config.update(headers={"Authorization": f"Bearer {with_key(stack, *Scope)}"})
    schemathesis.hook(good_ones_are_new_and_of_now())
    loaded = loaded.include(lambda one: paths[one.operation.path] == one.operation.method)
    yield loaded
    schemathesis.hooks.unregister_all()


def good_ones_are_new_and_of_now():
    """Check what no schema can say: a name is used once, a moment is about now, surveys.toml knows the reason.

    And what is said of why somebody asks names nobody.
    """
    numbers = count()

    def before_call(_context, case, _kwargs):
        if case.method == "POST" and case.meta and case.meta.generation.mode.is_positive:
            case.headers["Idempotency-Key"] = str(next(numbers))
            if isinstance(case.body, dict) and "answered_at" in case.body:
                case.body["answered_at"] = now().isoformat()
            if isinstance(case.body, dict) and "reason" in case.body:
                case.body["reason"] = "price"
            if isinstance(case.body, dict) and "why" in case.body:
                case.body["why"] = "letter 7"
        if case.method == "GET" and case.query and case.meta and case.meta.generation.mode.is_positive:
            case.query.update({name: text for name, text in FITTING.items() if name in case.query})
            case.query.pop("cursor", None)

    return before_call


def tried(schema):
    """The number of answers by status, the names of the checks, and their findings."""
    answers, checks, found = Counter(), set(), []
    for event in engine.from_schema(schema).execute():
        if isinstance(event, NonFatalError | FatalError):
            found.append(repr(event))
        if isinstance(event, ScenarioFinished):
            answers.update(one.response.status_code for one in event.recorder.interactions.values())
            for id_, judged in event.recorder.checks.items():
                checks |= {one.name for one in judged}
                case = event.recorder.cases[id_].value
                failed = [one.failure_info.failure for one in judged if one.failure_info]
                found += [
                    f"{failure} {case.path_parameters} {case.query} {case.headers} {case.body}" for failure in failed
                ]
    return answers, checks, found


def test_nothing_that_the_document_reads_meets_one_either(schema_of_reading):
    answers, checks, found = tried(schema_of_reading)

    assert found == []
    assert set(answers) <= {200, 202, 400, 401, 404, 405}
    assert answers[200] > 10
    assert answers[202] > 0
    assert answers[400] > 10
    assert checks >= {"response_schema_conformance", "response_headers_conformance", "negative_data_rejection"}


def test_no_privacy_request_from_the_document_meets_one_either(schema_of_requests):
    answers, _, found = tried(schema_of_requests)

    assert found == []
    assert set(answers) <= {200, 202, 400, 401, 404, 405, 415, 422}
    assert answers[202] > 5
    assert answers[422] > 10


def test_no_request_from_the_document_meets_an_error_or_an_answer_that_is_not_in_it(schema):
    answers, checks, found = tried(schema)

    assert found == []
    assert set(answers) == {200, 201, 400, 401, 405, 415, 422}
    assert answers[201] > 20
    assert answers[422] > 50
    assert checks >= {
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "positive_data_acceptance",
        "missing_required_header",
        "unsupported_method",
        "ignored_auth",
    }
