"""The desk at which calls of tools are answered: noted in the audit trail, then read from what is stored."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from afterbill.adapters.aws.report_files import S3Reports
from afterbill.adapters.dynamodb.answered import AnsweredTable
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.answers.read_responses import Days, ReadDeps, read_page
from afterbill.insight.periods import window_of
from afterbill.insight.reports.reading import read_report
from afterbill.insight.tally import Score
from afterbill.model.privacy import Act
from afterbill.model.retention import as_kept
from afterbill.model.segments import ANONYMOUS, dimension_of
from afterbill.outreach.policy import Policy
from afterbill_cli.acts import ledger_of
from afterbill_cli.deployed import Deployed
from afterbill_cli.mcp.arguments import Call, CallError, call_of
from afterbill_cli.mcp.comments import Found, comments_shape
from afterbill_cli.mcp.shapes import report_shape, score_shape
from afterbill_cli.mcp.tools import TOOLS
from afterbill_cli.score import ScoreQuery, read, stated

NO_COMMENTS = (
    "comments are not shown: this server was started without --comments. Whoever runs it decides that, for comments "
    "leave for the provider of the model; the other tools have all figures"
)
_NOT_STORED = (
    "no report {name} is stored for {window}, {question}{where}: reports are computed every night for 7d, 30d, 90d, "
    "365d and months with answers, for everything and for the 50 values with most answers. `afterbill report` computes "
    "others"
)


@dataclass(frozen=True, slots=True)
class Desk:
    """Answers of one server: `who` is the ARN of whoever started it, `why` the reason given then.

    `comments` says whether comments may be shown. Nothing is written but acts of the audit trail.
    """

    stack: Deployed
    policy: Policy
    who: str
    why: str = ""
    comments: bool = False

    def answer(self, name: str, given: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Return the result of a tool; AfterbillError says what is wrong with the call, which is noted as well."""
        if name not in TOOLS:
            self._note("refused", now)
            raise CallError(f"there is no such tool; there are: {', '.join(TOOLS)}")
        try:
            call = self._allowed(name, call_of(TOOLS[name], given))
        except CallError:
            self._note(f"{name} refused", now)
            raise
        if name == "comments":
            return self._comments(call, now)
        self._note(name, now)
        return self._score(call, now) if name == "score" else self._report(name, call, now)

    def _allowed(self, name: str, call: Call) -> Call:
        if name == "comments" and not self.comments:
            raise CallError(NO_COMMENTS)
        return call

    def _note(self, what: str, now: datetime, *whose: str) -> None:
        act = Act(now, self.who, f"mcp {what}", why=self.why).about(whose)
        ledger_of(self.stack, self.policy.retention.audit).note(act)

    def _today(self, now: datetime) -> date:
        return now.astimezone(ZoneInfo(self.policy.time_zone)).date()

    def _score(self, call: Call, now: datetime) -> dict[str, Any]:
        asked = ScoreQuery(call.window, call.question, dimension_of(call.question, call.by))
        apart = replace(asked, dimension=dimension_of(call.question, ANONYMOUS))
        return score_shape(stated(asked, self._scores(asked), self._scores(apart)), call.by, now)

    def _scores(self, asked: ScoreQuery) -> list[Score]:
        return read(ScoresTable(self.stack.client("dynamodb"), self.stack.output("TableName")), asked)

    def _report(self, name: str, call: Call, now: datetime) -> dict[str, Any]:
        request = call.request(TOOLS[name].report, self.policy.reports, self._today(now))
        files = S3Reports(self.stack.client("s3"), self.stack.output("ArchiveBucketName"))
        document = read_report(request, files, now)
        if document is None:
            where = f", {call.given['where']}" if "where" in call.given else ""
            raise CallError(
                _NOT_STORED.format(name=request.name, window=call.window, question=call.question, where=where)
            )
        return report_shape(name, document, now, call.dimension)

    def _comments(self, call: Call, now: datetime) -> dict[str, Any]:
        """Read the comments, note whose they are, and only then return them."""
        window = window_of(call.window, self._today(now))
        days = Days(window.first, window.last)
        table = AnsweredTable(self.stack.client("dynamodb"), self.stack.output("TableName"))
        deps = ReadDeps(table, partial(as_kept, periods=self.policy.retention, now=now))
        page = read_page(days.start, days, call.selection, call.limit, deps)
        customers = table.customers([one.customer_id for one in page.responses if one.customer_id])
        found = Found(page.responses, customers, page.next is not None, page.left_out, len(page.unreadable))
        self._note("comments", now, *(one.customer_id or one.id for one in page.responses))
        return comments_shape(call, window, self._counted(call), found)

    def _counted(self, call: Call) -> Score | None:
        touchpoint = call.given.get("touchpoint", "")
        asked = ScoreQuery(
            call.window, call.question, dimension_of(call.question, "touchpoint" if touchpoint else "all")
        )
        rows = [row for row in self._scores(asked) if row.value == (touchpoint or "all")]
        return rows[0] if rows else None


def desk_of(stack: Deployed, why: str, *, comments: bool) -> Desk:
    """Return the desk for whoever gives the command: one call, which shows that AWS lets them in."""
    who = str(stack.client("sts").get_caller_identity()["Arn"])
    return Desk(stack, stack.policy(), who, why, comments)
