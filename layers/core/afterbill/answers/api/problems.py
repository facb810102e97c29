"""Problem details (RFC 9457): the list of all problems a request can have, which the document names."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:  # whoever reads has no body to check, and starts without pydantic
    from pydantic import ValidationError

_Fields: TypeAlias = Mapping[tuple[int | str, ...], frozenset[str]]
TYPE = "application/problem+json"
_MOST = 20
"""How many faults are listed."""
_MOST_CHARACTERS = 100
"""How much of a name that the caller made up is shown."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of problem: `code` for programs, `detail` for people, `headers` that go with it."""

    status: int
    code: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The name of the status."""
        return HTTPStatus(self.status).phrase

    def body(self, faults: Sequence[Mapping[str, str]] = ()) -> dict[str, Any]:
        """The document as it is sent."""
        details = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return details | {"code": self.code} | ({"problems": list(faults)} if faults else {})


_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="afterbill"'}
_REFUSED = {"WWW-Authenticate": 'Bearer realm="afterbill", error="invalid_token"'}

MOST_BYTES = 100_000
"""The largest body."""

NO_KEY = Problem(401, "no_key", "Send your API key as `Authorization: Bearer ab_...`.", _CHALLENGE)
WRONG_KEY = Problem(401, "wrong_key", "This API key is unknown, wrong or revoked.", _REFUSED)
WRONG_SCOPE = Problem(403, "wrong_scope", "This API key lacks the scope responses:write.")
NO_RESPONSES = replace(WRONG_SCOPE, detail="This API key lacks the scope responses:read.")
NO_REPORTS = replace(WRONG_SCOPE, detail="This API key lacks the scope reports:read.")
QUERY = Problem(400, "query", "The query is not understood; `problems` says why.")
UNKNOWN_REPORT = Problem(404, "unknown_report", "There is no report of this name.")
NOT_ALLOWED = Problem(405, "method_not_allowed", "This address does not take this method; see the header Allow.")
NO_IDEMPOTENCY_KEY = Problem(
    400, "idempotency_key", "The header Idempotency-Key is needed: 1 to 100 printable ASCII characters, new per answer."
)
NO_JSON = Problem(400, "no_json", "The body is not JSON in UTF-8.")
TOO_LARGE = Problem(413, "too_large", f"The body is larger than {MOST_BYTES:,} bytes.")
NOT_JSON_TYPE = Problem(415, "content_type", "The header Content-Type must be application/json.")
INVALID = Problem(422, "invalid", "The body is not an answer; `problems` says why.")
REUSED = Problem(422, "idempotency_key_reused", "This Idempotency-Key was used before, for another answer.")
_SOON = {"Retry-After": "10"}
TOO_MANY = Problem(429, "too_many", "This key calls too often; the header Retry-After says how long to wait.", _SOON)
TOO_MANY_REPORTS = Problem(
    429,
    "too_many_reports",
    "So many reports were computed on demand that the next one has to wait.",
    {"Retry-After": "600"},
)
UNAVAILABLE = Problem(503, "try_again", "A service did not answer; send the same request again.", {"Retry-After": "30"})


def faults_of(error: "ValidationError", fields: _Fields | None = None) -> list[dict[str, str]]:
    """Return the errors of pydantic in our words, each with the name of its field.

    `fields` are those of each place; of an answer, unless others are named.
    """
    from afterbill.answers.api.bodies import FIELDS  # noqa: PLC0415  # only mistakes need it

    known = FIELDS if fields is None else fields
    errors = error.errors(include_url=False, include_input=False)
    return [{"field": _name(fault["loc"]), "message": _message(fault, known)} for fault in errors[:_MOST]]


def _message(fault: Mapping[str, Any], fields: _Fields) -> str:
    from afterbill.answers.api.values import IN_WORDS  # noqa: PLC0415  # only mistakes pay for it
    from afterbill.model.check_messages import in_words  # noqa: PLC0415  # likewise
    from afterbill.model.suggestions import hint  # noqa: PLC0415  # likewise

    limits = fault.get("ctx", {})
    if fault["type"] == "extra_forbidden":
        *part, name = fault["loc"]
        return "is unknown" + hint(str(name)[:_MOST_CHARACTERS], fields[tuple(part)])
    return IN_WORDS[limits["pattern"]] if "pattern" in limits else in_words(fault["type"], limits, fault["msg"])


def _name(place: tuple[int | str, ...]) -> str:
    return ".".join(map(str, place))[:_MOST_CHARACTERS]


def loads(body: bytes) -> Any:  # noqa: ANN401  # whatever JSON holds
    """Parse JSON in UTF-8; ValueError for anything else, NaN and Infinity included."""
    try:
        return json.loads(body.decode(), parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _refuse(constant: str) -> float:
    raise ValueError(constant)
