"""Check that the legal basis lets anything be sent."""

from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.model.consent import Need
from afterbill.model.questions import Question
from afterbill.model.segments import dimension_of
from afterbill_cli import legal_basis as words
from afterbill_cli.doctor.findings import Findings, ok, warn
from afterbill_cli.doctor.stack_under_test import StackUnderTest

_WEEK = "7d"


def legal_basis(stack: StackUnderTest) -> Findings:
    """Warn where surveys are skipped for lack of a legal basis and none was sent for a week."""
    legal, dynamodb, table = stack.policy.legal, stack.client("dynamodb"), stack.deployed.output("TableName")
    preset = words.preset_of(legal)
    if legal.default is Need.NOTHING and not any(need is not Need.NOTHING for need in legal.countries.values()):
        yield ok(f"{preset}: no legal basis is needed; check yourself whether the law lets you ask")
        return
    since, sent = words.skipped_since(TableReader(dynamodb, table), stack.policy.sources), _sent(dynamodb, table)
    if since and not sent:
        yield warn(
            f"{preset}: nothing was sent for a week, and surveys of {words.told(since)} are skipped as no_basis",
            "record consents or notices, or change [legal] if another law lets you ask; docs/legal-basis.md",
        )
    elif since:
        yield ok(f"{preset}: {sent} sent in a week; without a basis, surveys of {words.told(since)} are skipped")
    else:
        yield ok(f"{preset}: {sent} sent in a week, and no survey was skipped for lack of a basis")


def _sent(dynamodb: object, table: str) -> int:
    """Count the surveys of the last week, as they were last computed."""
    scores = ScoresTable(dynamodb, table)
    rows = (row for question in Question for row in scores.scores(dimension_of(question, "all"), _WEEK, lambda _: None))
    return sum(row.tally.sent for row in rows)
