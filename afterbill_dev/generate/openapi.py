"""The OpenAPI document of the answer API, made of the models that check it: `make openapi` writes it."""

import gzip
import json
import sys
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from afterbill.answers.api import DOCUMENT, problems, values
from afterbill.answers.api.bodies import AnswerBody, KeptBody, ProblemBody
from afterbill.answers.api_keys import Scope
from afterbill.privacy.api import problems as of_requests
from afterbill.privacy.api.bodies import AskBody, KeptRequestBody, RequestBody
from afterbill_dev.generate.openapi_parts import of, refusals, response
from afterbill_dev.generate.openapi_reading import SCHEMAS, reading_report, reading_responses

_BODIES: tuple[type[BaseModel], ...] = (AnswerBody, KeptBody, AskBody, KeptRequestBody, RequestBody, ProblemBody)
_ID = "8d3f0b6c1a4e4f57a9c2d1e0b7f65432"
_ABOUT = (
    "Answers that were collected elsewhere: by a support tool, in a call centre, with an old provider. They count as "
    "those that afterbill asked for itself. Reports, and the answers themselves, to read. And requests about what is "
    "stored of a person: to export, erase or restrict it. The gateway in front has a throttle and a size limit of its "
    "own; what it refuses itself (413, 429, 503) comes as application/json with a message."
)
_EXAMPLES: dict[str, Any] = {
    "call": {
        "summary": "After a phone call, of a known customer",
        "value": {
            "rating": 9,
            "touchpoint": "support_resolved",
            "source": "call centre",
            "comment": "Quick and friendly",
            "contact_ok": True,
            "customer": {"id": "cus_9s6XKzkNRiz8i3", "source": "stripe"},
        },
    },
    "satisfaction": {
        "summary": "Satisfaction, of somebody unknown",
        "value": {
            "question": "csat",
            "rating": 4,
            "reason": "service",
            "segments": {"plan": "pro", "country": "CH", "locale": "de-CH"},
        },
    },
}
_CHECKED = (
    problems.NO_KEY,
    problems.WRONG_KEY,
    problems.WRONG_SCOPE,
    problems.NO_IDEMPOTENCY_KEY,
    problems.NO_JSON,
    problems.TOO_LARGE,
    problems.NOT_JSON_TYPE,
    problems.INVALID,
    problems.REUSED,
    problems.TOO_MANY,
    problems.UNAVAILABLE,
)
_CHECKED_REQUESTS = (
    problems.NO_KEY,
    problems.WRONG_KEY,
    of_requests.WRONG_SCOPE,
    of_requests.NO_IDEMPOTENCY_KEY,
    problems.NO_JSON,
    problems.TOO_LARGE,
    problems.NOT_JSON_TYPE,
    of_requests.INVALID,
    of_requests.REUSED,
    problems.TOO_MANY,
    problems.UNAVAILABLE,
)
_CHECKED_LOOKS = (
    problems.NO_KEY,
    problems.WRONG_KEY,
    of_requests.WRONG_SCOPE,
    of_requests.UNKNOWN,
    problems.TOO_MANY,
    problems.UNAVAILABLE,
)
_ASKS: dict[str, Any] = {
    "address": {
        "summary": "Everybody who has a mail address",
        "value": {"kind": "erase", "customer": {"email": "ada@example.com"}, "why": "letter 2026-118"},
    },
    "customer": {
        "summary": "A customer of one source",
        "value": {
            "kind": "export",
            "customer": {"id": "cus_9s6XKzkNRiz8i3", "source": "stripe"},
            "why": "ticket 20417",
        },
    },
}
_KEPT = {"id": _ID, "kind": "erase", "state": "open", "customers": 1}
_MOMENTS = {"requested_at": "2026-11-22T12:30:15Z", "due_at": "2026-12-22T12:30:15Z"}
_SETTLING = _KEPT | {"state": "settling", **_MOMENTS, "settle_at": "2026-11-22T13:00:40Z"}


def document() -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    _, schemas = models_json_schema(
        [(body, "validation") for body in _BODIES], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "afterbill answer API", "version": "1.0.0", "description": _ABOUT},
        "servers": [{"url": "/", "description": "The address of your stack, its output ApiUrl"}],
        "paths": {
            "/v1/responses": {"post": _collecting(), "get": reading_responses()},
            "/v1/reports/{name}": {"get": reading_report()},
            "/v1/privacy/requests": {"post": _asking()},
            "/v1/privacy/requests/{id}": {"get": _looking()},
            "/v1/openapi.json": {"get": _describing()},
        },
        "components": {
            "schemas": schemas["$defs"] | SCHEMAS,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "ab_<id>_<secret>",
                    "description": "`afterbill key create NAME` makes one.",
                }
            },
        },
    }


def _collecting() -> dict[str, Any]:
    kept = {"schema": of(KeptBody)}
    return {
        "operationId": "collectResponse",
        "summary": "Tell one answer",
        "description": f"Needs a key with the scope `{Scope.RESPONSES_WRITE}`. Sent again with the same "
        "Idempotency-Key it is kept once, so that whatever got no answer may be repeated.",
        "security": [{"key": []}],
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "Your own name of this answer, new for each; no personal data.",
                "schema": {"type": "string", "pattern": values.IDEMPOTENCY_KEY},
                "example": "call-20417",
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": of(AnswerBody), "examples": _EXAMPLES}},
        },
        "responses": {
            "201": response("Kept.", kept | {"example": {"outcome": "recorded", "id": _ID}}),
            "200": response("It was kept before.", kept | {"example": {"outcome": "repeated", "id": _ID}}),
            **refusals(_CHECKED),
        },
    }


def _asking() -> dict[str, Any]:
    kept = {"schema": of(KeptRequestBody), "example": _KEPT}
    location = {"headers": {"Location": {"required": True, "schema": {"type": "string"}}}}
    return {
        "operationId": "requestPrivacy",
        "summary": "Ask for an export, an erasure or a restriction",
        "description": f"Needs a key with the scope `{Scope.PRIVACY_MANAGE}`. It is done within minutes, an erasure "
        "with a second look twenty minutes later. Somebody who never was known is no error: `customers` is 0 then.",
        "security": [{"key": []}],
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "Your own name of this request, new for each; no personal data.",
                "schema": {"type": "string", "pattern": values.IDEMPOTENCY_KEY},
                "example": "letter-2026-118",
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": of(AskBody), "examples": _ASKS}},
        },
        "responses": {
            "202": response("Kept.", kept) | location,
            "200": response("It was kept before.", kept) | location,
            **refusals(_CHECKED_REQUESTS),
        },
    }


def _looking() -> dict[str, Any]:
    return {
        "operationId": "showPrivacyRequest",
        "summary": "How far a request has come",
        "description": f"Needs a key with the scope `{Scope.PRIVACY_MANAGE}`. Of an export this is the document; it "
        "then counts as fetched, and can be fetched again. Of an erasure that is done it is the receipt.",
        "security": [{"key": []}],
        "parameters": [
            {
                "name": "id",
                "in": "path",
                "required": True,
                "schema": {"type": "string", "pattern": values.OUR_ID},
                "example": _ID,
            }
        ],
        "responses": {
            "200": response("As it stands.", {"schema": of(RequestBody), "example": _SETTLING}),
            **refusals(_CHECKED_LOOKS),
        },
    }


def _describing() -> dict[str, Any]:
    return {
        "operationId": "describe",
        "summary": "This document",
        "security": [],
        "responses": {
            "200": response("OpenAPI 3.1.", {"schema": {"type": "object", "required": ["openapi", "paths"]}})
        },
    }


def written() -> str:
    """The document as the file holds it."""
    return json.dumps(document(), separators=(",", ":"), ensure_ascii=False) + "\n"


def main() -> int:
    """Write the document to its file."""
    DOCUMENT.write_bytes(gzip.compress(written().encode(), mtime=0))
    return 0


if __name__ == "__main__":
    sys.exit(main())
