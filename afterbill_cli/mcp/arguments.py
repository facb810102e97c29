"""The arguments of a call, checked by the schemas that assistants were given; what is wrong is named."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from afterbill.answers.read_responses import Selection, ratings
from afterbill.insight.periods import window_name, window_of
from afterbill.insight.reports.asked import OWN, ReportRules
from afterbill.insight.reports.query import USUAL_WINDOW, scope_in
from afterbill.insight.reports.requested import ReportRequest, checked
from afterbill.model.check_messages import shown
from afterbill.model.errors import AfterbillError
from afterbill.model.questions import Question
from afterbill.model.suggestions import did_you_mean
from afterbill_cli.mcp.tools import USUAL_COMMENTS, ToolShape


class CallError(AfterbillError):
    """A call that cannot be answered; the text says what is wrong, and names what there is."""


@dataclass(frozen=True, slots=True)
class Call:
    """The checked arguments of one call; what was not said has its default."""

    window: str
    question: Question
    given: Mapping[str, Any]

    @property
    def by(self) -> str:
        """The dimension of the rows of a score."""
        return str(self.given.get("by", "all"))

    @property
    def dimension(self) -> str:
        """The dimension that is shown alone; empty for all."""
        return str(self.given.get("dimension", ""))

    @property
    def limit(self) -> int:
        """Comments at most."""
        return int(self.given.get("limit", USUAL_COMMENTS))

    @property
    def selection(self) -> Selection:
        """The answers whose comments are wanted."""
        equal = {"question": self.question.value}
        if touchpoint := self.given.get("touchpoint"):
            equal["touchpoint"] = touchpoint
        chosen = self.given.get("rating")
        return Selection(equal, ratings(chosen) if chosen else None, commented=True)

    def request(self, report: str, rules: ReportRules, today: date) -> ReportRequest:
        """Return the stored report that is asked for; AfterbillError for a dimension that there is not."""
        known = (*OWN, *rules.segments)
        if self.dimension and self.dimension not in known:
            named = ", ".join(known)
            raise CallError(f"dimension {did_you_mean(self.dimension, known, f': choose {named}')}")
        where = (scope_in(str(self.given["where"]).replace("=", ":", 1)),) if "where" in self.given else ()
        return checked(ReportRequest(report, window_of(self.window, today), self.question, where), rules)


def call_of(tool: ToolShape, given: Mapping[str, Any]) -> Call:
    """Return the arguments; CallError names the first that is wrong."""
    for name, value in given.items():
        if name not in tool.takes:
            raise CallError(f"{did_you_mean(name, tool.takes)}; there are: {', '.join(tool.takes)}")
        if problem := _problem(value, tool.takes[name]):
            raise CallError(f"{name} {problem}, not {shown(str(value))}")
    try:
        chosen = given.get("rating")
        _ = ratings(chosen) if chosen else None
        return Call(window_name(given.get("window", USUAL_WINDOW)), Question(given.get("question", "nps")), given)
    except ValueError as error:
        raise CallError(f"rating {error}") from error


def _problem(value: Any, schema: Mapping[str, Any]) -> str:  # noqa: ANN401  # JSON
    """Return what the value should be; empty where it is."""
    if schema["type"] == "integer":
        low, high = schema["minimum"], schema["maximum"]
        whole = isinstance(value, int) and not isinstance(value, bool)
        return "" if whole and low <= value <= high else f"must be a whole number from {low} to {high}"
    if not isinstance(value, str) or not value or len(value) > schema.get("maxLength", len(value)):
        return f"must be a text of 1 to {schema.get('maxLength', 40)} characters"
    if value not in schema.get("enum", (value,)):
        return f"must be one of {', '.join(schema['enum'])}"
    return "" if re.search(schema.get("pattern", ""), value) else f"must be {schema['description']}"
