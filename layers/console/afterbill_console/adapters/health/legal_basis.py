"""Check that the legal basis lets anything be sent."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode
from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.model.campaigns import CAMPAIGNS
from afterbill.model.consent import PRESETS, Legal, Need
from afterbill.model.invitation import SkipReason
from afterbill.model.questions import Question
from afterbill.model.segments import dimension_of
from afterbill.outreach.first_skips import ALL
from afterbill_console.adapters.health.stack import ExaminedStack
from afterbill_console.health.findings import Findings, ok, warn

_WEEK = "7d"


def legal_basis(stack: ExaminedStack) -> Findings:
    """Warn where surveys are skipped for lack of a legal basis and none was sent for a week."""
    legal, dynamodb, table = stack.policy.legal, stack.client("dynamodb"), stack.deployed.output("TableName")
    preset = preset_of(legal)
    if legal.default is Need.NOTHING and not any(need is not Need.NOTHING for need in legal.countries.values()):
        yield ok(f"{preset}: no legal basis is needed; check yourself whether the law lets you ask")
        return
    since, sent = skipped_since(TableReader(dynamodb, table), stack.policy.sources), _sent(dynamodb, table)
    if since and not sent:
        yield warn(
            f"{preset}: nothing was sent for a week, and surveys of {told(since)} are skipped as no_basis",
            "record consents or notices, or change [legal] if another law lets you ask; docs/legal-basis.md",
            "no_basis",
            sources=", ".join(sorted(since)),
        )
    elif since:
        yield ok(f"{preset}: {sent} sent in a week; without a basis, surveys of {told(since)} are skipped")
    else:
        yield ok(f"{preset}: {sent} sent in a week, and no survey was skipped for lack of a basis")


def _sent(dynamodb: object, table: str) -> int:
    """Count the surveys of the last week, as they were last computed."""
    scores = ScoresTable(dynamodb, table)
    rows = (row for question in Question for row in scores.scores(dimension_of(question, "all"), _WEEK, lambda _: None))
    return sum(row.tally.sent for row in rows)


def preset_of(legal: Legal) -> str:
    """Return the preset of surveys.toml."""
    return next(name for name, preset in PRESETS.items() if preset.default is legal.default)


def skipped_since(table: TableReader, sources: Iterable[str]) -> Mapping[str, datetime]:
    """Return since when surveys of each source are skipped for lack of a legal basis, for those where one was."""
    wanted = [keys.task(name, SkipReason.NO_BASIS, ALL) for name in (*sources, CAMPAIGNS)]
    items = map(decode, table.read(wanted).values())
    return {str(item["source"]): datetime.fromisoformat(item["occurred_at"]) for item in items}


def told(since: Mapping[str, datetime]) -> str:
    """Name the sources whose surveys are skipped, each with its first day."""
    return ", ".join(f"{name} (since {at:%Y-%m-%d})" for name, at in sorted(since.items()))
