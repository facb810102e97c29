"""The OpenAPI document of the answer API, made of the models that check it: `make openapi` writes it."""

import json
import sys
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from afterbill.answers.api import DOCUMENT, problems, values
from afterbill.answers.api.bodies import AnswerBody, KeptBody, ProblemBody
from afterbill.answers.api.problems import Problem
from afterbill.answers.api_keys import Scope

_BODIES: tuple[type[BaseModel], ...] = (AnswerBody, KeptBody, ProblemBody)
_ID = "8d3f0b6c1a4e4f57a9c2d1e0b7f65432"
_ABOUT = (
    "Answers that were collected elsewhere: by a support tool, in a call centre, with an old provider. They count as "
    "those that afterbill asked for itself. The gateway in front has a throttle and a size limit of its own; what it "
    "refuses itself (413, 429, 503) comes as application/json with a message."
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
_FAULT = {"field": "rating", "message": "must be 1 to 5 for csat"}


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
            "/v1/responses": {"post": _collecting()},
            "/v1/openapi.json": {"get": _describing()},
        },
        "components": {
            "schemas": schemas["$defs"],
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
    kept = {"schema": _of(KeptBody)}
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
            "content": {"application/json": {"schema": _of(AnswerBody), "examples": _EXAMPLES}},
        },
        "responses": {
            "201": _response("Kept.", kept | {"example": {"outcome": "recorded", "id": _ID}}),
            "200": _response("It was kept before.", kept | {"example": {"outcome": "repeated", "id": _ID}}),
            **_refusals(_CHECKED),
        },
    }


def _describing() -> dict[str, Any]:
    return {
        "operationId": "describe",
        "summary": "This document",
        "security": [],
        "responses": {
            "200": _response("OpenAPI 3.1.", {"schema": {"type": "object", "required": ["openapi", "paths"]}})
        },
    }


def _refusals(all_: Iterable[Problem]) -> dict[str, Any]:
    """By status, with an example of each problem."""
    by_status: dict[int, list[Problem]] = {}
    for problem in all_:
        by_status.setdefault(problem.status, []).append(problem)
    return {str(status): _refusal(some) for status, some in sorted(by_status.items())}


def _refusal(some: list[Problem]) -> dict[str, Any]:
    examples = {one.code: {"value": one.body([_FAULT] if one is problems.INVALID else ())} for one in some}
    response = _response(some[0].title + ".", {"schema": _of(ProblemBody), "examples": examples}, problems.TYPE)
    headers = {name: {"required": True, "schema": {"type": "string"}} for name in some[0].headers}
    return response | ({"headers": headers} if headers else {})


def _response(description: str, content: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {kind: content}}


def _of(body: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{body.__name__}"}


def written() -> str:
    """The document as the file holds it."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the document to its file."""
    DOCUMENT.write_text(written(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
