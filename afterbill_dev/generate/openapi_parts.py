"""The parts of which every route of the OpenAPI document is made."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from afterbill.answers.api import problems
from afterbill.answers.api.bodies import ProblemBody
from afterbill.answers.api.problems import Problem

_FAULTS = {
    problems.INVALID.code: [{"field": "rating", "message": "must be 1 to 5 for csat"}],
    problems.QUERY.code: [{"field": "window", "message": "no window 'soon': choose 7d, 30d, 90d, 365d or a month"}],
}


def refusals(all_: Iterable[Problem]) -> dict[str, Any]:
    """By status, with an example of each problem."""
    by_status: dict[int, list[Problem]] = {}
    for problem in all_:
        by_status.setdefault(problem.status, []).append(problem)
    return {str(status): _refusal(some) for status, some in sorted(by_status.items())}


def _refusal(some: list[Problem]) -> dict[str, Any]:
    examples = {one.code: {"value": one.body(_FAULTS.get(one.code, ()))} for one in some}
    told = response(some[0].title + ".", {"schema": of(ProblemBody), "examples": examples}, problems.TYPE)
    headers = {name: {"required": True, "schema": {"type": "string"}} for name in some[0].headers}
    return told | ({"headers": headers} if headers else {})


def response(description: str, content: dict[str, Any], kind: str = "application/json") -> dict[str, Any]:
    """An answer with one form."""
    return {"description": description, "content": {kind: content}}


def of(body: type[BaseModel]) -> dict[str, str]:
    """A reference to the schema of a body."""
    return {"$ref": f"#/components/schemas/{body.__name__}"}
