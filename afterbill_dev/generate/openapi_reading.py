"""The routes that read, for the OpenAPI document: reports and answers."""

from collections.abc import Mapping
from typing import Any

from afterbill.answers.api import problems
from afterbill.answers.api_keys import Scope
from afterbill.answers.response_rows import COLUMNS
from afterbill.answers.responses_query import MOST, USUAL, USUAL_DAYS
from afterbill.insight.reports.reading import MOST_ASKED
from afterbill.insight.reports.registry import NAMES
from afterbill.model.billing import Touchpoint
from afterbill.model.questions import Question
from afterbill_dev.generate.openapi_parts import refusals, response

_ID = "8d3f0b6c1a4e4f57a9c2d1e0b7f65432"
_DAY = r"[2-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_WINDOW = rf"^([1-9][0-9]{{0,2}}d|20[0-9]{{2}}-(0[1-9]|1[0-2])|{_DAY}\.\.{_DAY})$"
_NAME = r"^[a-z][a-z0-9_]{0,39}$"
_SCOPE = r"^[a-z][a-z0-9_]{0,39}:[^\x00-\x1f\x7f]{1,200}$"
_TEXT = r"^[^\x00-\x1f\x7f]{1,200}$"
_RATING = r"^([0-9]|10)((-|,)([0-9]|10))*$"
_CURSOR = r"^[A-Za-z0-9_-]{1,300}$"
_TAG = {"required": True, "schema": {"type": "string"}, "description": "Strong; send it back as If-None-Match."}
_LOCATION = {"required": True, "schema": {"type": "string"}}

_REFUSED_REPORTS = (
    problems.QUERY,
    problems.NO_KEY,
    problems.WRONG_KEY,
    problems.NO_REPORTS,
    problems.UNKNOWN_REPORT,
    problems.NOT_ALLOWED,
    problems.TOO_MANY,
    problems.TOO_MANY_REPORTS,
    problems.UNAVAILABLE,
)
_REFUSED_RESPONSES = (
    problems.QUERY,
    problems.NO_KEY,
    problems.WRONG_KEY,
    problems.NO_RESPONSES,
    problems.NOT_ALLOWED,
    problems.TOO_MANY,
    problems.UNAVAILABLE,
)

_NULLABLE = {"type": ["string", "null"]}
_TRUTH = {"type": "boolean"}
_SOME = {"type": "string"}
_A_DAY = {"type": "string", "format": "date"}
_COLUMNS: Mapping[str, Any] = {
    **dict.fromkeys(COLUMNS, _NULLABLE),
    "answered_at": {"type": ["string", "null"], "format": "date-time"},
    "day": {"type": "string", "format": "date"},
    **dict.fromkeys(("touchpoint", "stage", "question"), _SOME),
    "rating": {"type": "integer"},
    **dict.fromkeys(("contact_ok", "confirmed", "anonymous", "removed"), _TRUTH),
}
SCHEMAS: Mapping[str, Any] = {
    "Report": {
        "type": "object",
        "description": "A report: what was asked, when it was computed, and its rows. What else it holds, and the "
        "fields of a row, depend on its name. Where nothing can be said a value is null, with the reason in `why`, and "
        "in `because` as a sentence.",
        "properties": {
            "report": {"type": "string", "enum": list(NAMES)},
            "window": {"type": "string", "description": "The window as it was asked for."},
            **dict.fromkeys(("first", "last"), _A_DAY),
            "question": {"type": "string", "enum": [one.value for one in Question]},
            "where": {"type": "object", "additionalProperties": {"type": "string"}},
            "computed_at": {"type": "string", "format": "date-time"},
            "rows": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["report", "window", "first", "last", "question", "where", "computed_at", "rows"],
    },
    "Computing": {
        "type": "object",
        "description": "A report that is being computed: ask for it again.",
        "properties": {
            "report": {"type": "string"},
            "state": {"type": "string", "const": "computing"},
            "retry_after_seconds": {"type": "integer"},
        },
        "required": ["report", "state", "retry_after_seconds"],
    },
    "Response": {
        "type": "object",
        "description": "One answer. Of somebody who was removed, all is null but the rating and what it counts by.",
        "properties": _COLUMNS,
        "required": list(COLUMNS),
        "additionalProperties": False,
    },
    "Responses": {
        "type": "object",
        "properties": {
            "responses": {"type": "array", "items": {"$ref": "#/components/schemas/Response"}},
            "left_out": {"type": "integer", "description": "Answers of people whose data are restricted."},
            "next": {"type": ["string", "null"], "description": "The cursor of the next page, null behind the last."},
        },
        "required": ["responses", "left_out", "next"],
        "additionalProperties": False,
    },
}
_REPORT = {
    "report": "trend",
    "window": "30d",
    "first": "2026-10-24",
    "last": "2026-11-22",
    "question": "nps",
    "where": {"plan": "Team"},
    "computed_at": "2026-11-23T00:10:02+00:00",
    "rows": [{"value": "2026-10-24", "n": 41, "score": 22.0, "low": 0.7, "high": 43.2, "change": None, "real": False}],
}
_RESPONSE = {
    "id": _ID,
    "answered_at": "2026-11-22T12:30:15+00:00",
    "day": "2026-11-22",
    "touchpoint": "renewed",
    "stage": "loyalty",
    "question": "nps",
    "rating": 9,
    "reason": "price",
    "comment": "Fair",
    "contact_ok": True,
    "confirmed": True,
    "anonymous": False,
    "customer": "9f86d081884c7d65",
    "source": "stripe",
    "channel": "mail",
    "locale": "de-CH",
    "plan": "Team",
    "country": "CH",
    "removed": False,
}


def reading_report() -> dict[str, Any]:
    """GET /v1/reports/{name}."""
    return {
        "operationId": "readReport",
        "summary": "A report",
        "description": f"Needs a key with the scope `{Scope.REPORTS_READ}`. Windows of 7, 30, 90 and 365 days and "
        f"months are computed every night, all else on demand: 202, then the report. {MOST_ASKED} in an hour are.",
        "security": [{"key": []}],
        "parameters": [
            _parameter("name", "The report.", {"type": "string", "enum": list(NAMES)}, "trend", place="path"),
            _parameter("window", "Days: 30d, a month, or two days; 30d by default.", _text(_WINDOW), "2026-11"),
            _parameter("question", "nps by default.", _enum(Question), "nps"),
            _parameter("where", "A dimension and a value; twice at most.", _list(_SCOPE, 2), ["plan:Team"]),
            _parameter(
                "by", "Dimensions of segments or coverage, or day, week or month of trend.", _list(_NAME, 20), ["plan"]
            ),
            _parameter("compare", "The window to compare with; the one before by default.", _text(_WINDOW), "2026-10"),
            _parameter("export", "csv for a table of the rows.", {"type": "string", "enum": ["json", "csv"]}, "json"),
        ],
        "responses": {
            "200": _tagged(
                {
                    "application/json": {"schema": _of("Report"), "example": _REPORT},
                    "text/csv": {"schema": {"type": "string"}},
                },
                "The report.",
            ),
            "202": response("It is being computed.", {"schema": _of("Computing"), "example": _computing()})
            | {"headers": {"Location": _LOCATION, "Retry-After": _LOCATION}},
            "303": response("It is too large; the link leads to it for five minutes.", {"schema": {"type": "object"}})
            | {"headers": {"Location": _LOCATION}},
            "304": {"description": "You have it already."},
            **refusals(_REFUSED_REPORTS),
        },
    }


def reading_responses() -> dict[str, Any]:
    """GET /v1/responses."""
    day = {"type": "string", "format": "date", "pattern": f"^{_DAY}$"}
    return {
        "operationId": "readResponses",
        "summary": "Answers, page by page",
        "description": f"Needs a key with the scope `{Scope.RESPONSES_READ}`. A page may hold fewer answers than "
        "`limit`, or none, while `next` is there. Who reads answers is noted.",
        "security": [{"key": []}],
        "parameters": [
            _parameter("from", f"First day; by default {USUAL_DAYS} days up to `to`.", day, "2026-11-01"),
            _parameter("to", "Last day; today by default.", day, "2026-11-22"),
            _parameter("touchpoint", "The moment it is about.", _enum(Touchpoint), "renewed"),
            _parameter("question", "All by default.", _enum(Question), "nps"),
            _parameter("rating", "Ratings such as 9, 0-6 or 0,1,2.", _text(_RATING), "9"),
            _parameter("reason", "The reason that was chosen.", _text(_TEXT), "price"),
            _parameter("confirmed", "false: clicks that were not sent from the page.", _TRUTH, example=True),
            *(_parameter(name, f"The {name}.", _text(_TEXT), text) for name, text in _OF_CUSTOMERS.items()),
            _parameter("order", "newest by default.", {"type": "string", "enum": ["newest", "oldest"]}, "newest"),
            _parameter("limit", f"{USUAL} by default.", {"type": "integer", "minimum": 1, "maximum": MOST}, USUAL),
            _parameter("cursor", "`next` of the page before, with the same filters.", _text(_CURSOR), None),
        ],
        "responses": {
            "200": _tagged({"application/json": {"schema": _of("Responses"), "example": _page()}}, "Some answers."),
            "304": {"description": "You have it already."},
            **refusals(_REFUSED_RESPONSES),
        },
    }


_OF_CUSTOMERS = {"source": "stripe", "plan": "Team", "country": "CH"}


def _computing() -> dict[str, Any]:
    return {"report": "trend", "state": "computing", "retry_after_seconds": 5}


def _page() -> dict[str, Any]:
    return {"responses": [_RESPONSE], "left_out": 0, "next": None}


def _tagged(content: Mapping[str, Any], description: str) -> dict[str, Any]:
    return {"description": description, "content": content, "headers": {"ETag": _TAG}}


def _parameter(name: str, about: str, schema: Mapping[str, Any], example: Any, place: str = "query") -> dict[str, Any]:  # noqa: ANN401  # of any type
    shown = {} if example is None else {"example": example}
    required = {"required": True} if place == "path" else {}
    return {"name": name, "in": place, **required, "description": about, "schema": schema, **shown}


def _enum(names: Any) -> dict[str, Any]:  # noqa: ANN401  # an enumeration
    return {"type": "string", "enum": [one.value for one in names]}


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern}


def _list(pattern: str, most: int) -> dict[str, Any]:
    return {"type": "array", "items": _text(pattern), "maxItems": most}


def _of(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
