"""The problems of privacy requests, beside those of every call of the API."""

from dataclasses import replace

from afterbill.answers.api import problems
from afterbill.answers.api.problems import Problem

WRONG_SCOPE = replace(problems.WRONG_SCOPE, detail="This API key lacks the scope privacy:manage.")
NO_IDEMPOTENCY_KEY = replace(
    problems.NO_IDEMPOTENCY_KEY,
    detail="The header Idempotency-Key is needed: 1 to 100 printable ASCII characters, new per request.",
)
INVALID = replace(problems.INVALID, detail="The body is not a privacy request; `problems` says why.")
REUSED = replace(problems.REUSED, detail="This Idempotency-Key was used before, for another request.")
UNKNOWN = Problem(404, "unknown", "There is no such request; one that is done is forgotten after 90 days.")
