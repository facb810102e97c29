"""Requests that Schemathesis makes from the OpenAPI document, good ones and bad ones, against the function itself."""

import json
import sys
from collections import Counter
from itertools import count

import pytest
import schemathesis
from schemathesis import engine
from schemathesis.config import SchemathesisConfig
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.transport.wsgi import WSGI_TRANSPORT

from afterbill.answers.api_keys import Scope
from afterbill.answers.rate_limit import RateLimiter
from tests.integration.calling import with_key
from tests.integration.samples import now, sample
from tests.integration.wsgi import application

RUN = {
    "seed": 20261122,
    "workers": 1,
    "generation": {"max-examples": 60, "deterministic": True, "no-shrink": True},
    # The API reads nothing back: there are no sequences of calls to try.
    "phases": {"stateful": {"enabled": False}},
}
SOCKETS = {"max_redirects", "verify", "cert", "proxies"}


@pytest.fixture
def schema(stack, monkeypatch):
    """The document as it is served, as far as answers go."""
    yield from offered(stack, monkeypatch, "collect_response", RUN, ("/v1/responses", "/v1/openapi.json"))


@pytest.fixture
def schema_of_requests(stack, monkeypatch):
    """The document as it is served, as far as privacy requests go."""
    run = RUN | {"generation": RUN["generation"] | {"max-examples": 20}}
    yield from offered(
        stack, monkeypatch, "request_privacy", run, ("/v1/privacy/requests", "/v1/privacy/requests/{id}")
    )


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
                found += [f"{failure} {case.headers} {case.body}" for failure in failed]
    return answers, checks, found


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
