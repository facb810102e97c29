"""`afterbill replay`: put webhooks into the inbox again, or show what that would do."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

import click

from afterbill.adapters.aws.inbox import SqsInbox
from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.intake.ports import BillingApis, Inbox
from afterbill.model.errors import ConfigurationError
from afterbill.model.plain_text import one_line
from afterbill_cli import deployed, options
from afterbill_cli.acts import Acts
from afterbill_cli.deployed import Deployed
from afterbill_cli.memory.keys import MemoryApis
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_csv, print_json_rows
from afterbill_cli.replay.dry_capture import DryCapture, dry_capture
from afterbill_cli.replay.messages import SIGNED, UNSIGNED, DeadLetters, Message, evidence, files
from afterbill_cli.sources import stack_secrets

_QUEUED = "queued"
_day = options.parsed(options.day)

Outcome = tuple[str, str, str]
"""The name of a message, what became of it, and more about that."""


@dataclass(frozen=True, slots=True)
class ReplaySelection:
    """The webhooks to replay: files of a source, evidence, or the dead letters."""

    folder: Path | None = None
    source: str | None = None
    evidence: bool = False
    since: date | None = None
    until: date | None = None

    @property
    def what(self) -> str:
        """The words of the audit trail."""
        if self.folder:
            return "replay files"
        return "replay evidence" if self.evidence else "replay dead letters"


COLUMNS = ("message", "outcome", "text")


def replay(chosen: ReplaySelection, deployed: Deployed, output: Output = Output.TABLE, why: str = "") -> int:
    """Put the messages into their inboxes; a dead letter is removed only once that is durable."""
    Acts(deployed, chosen.what, why).note()
    sqs = deployed.client("sqs")
    inboxes = {name: SqsInbox(sqs, deployed.output(name)) for name in (SIGNED, UNSIGNED)}
    with _messages(chosen, deployed) as messages:
        return _tell((_put(message, inboxes[message.inbox]) for message in messages), output)


def dry_run(
    chosen: ReplaySelection, deployed: Deployed, *, ask_apis: bool, output: Output = Output.TABLE, why: str = ""
) -> int:
    """Print the outcome that each message would have; nothing is written but the act."""
    Acts(deployed, f"{chosen.what} --dry-run", why).note()
    keys = SecretKeys(stack_secrets.secret(deployed, "KeysSecretArn"))
    facts = FactsTable(deployed.client("dynamodb"), deployed.output("TableName"))
    apis: BillingApis = stack_secrets.apis(deployed) if ask_apis else MemoryApis(closed=True)
    with _messages(chosen, deployed) as messages:
        trial = dry_capture(deployed.policy(), facts, apis, keys.hash_address, keys.hash_alias)
        return _tell(_tried(messages, trial), output)


def _tried(messages: Iterable[Message], capture: DryCapture) -> Iterator[Outcome]:
    for message in messages:
        for result in capture.of(message.webhook):
            yield message.name, str(result.outcome), result.text


def _put(message: Message, inbox: Inbox) -> Outcome:
    if not inbox.put(message.webhook):
        return message.name, "too large", "left where it is, for the inbox does not take it"
    message.remove()
    return message.name, _QUEUED, ""


@contextmanager
def _messages(chosen: ReplaySelection, deployed: Deployed) -> Iterator[Iterator[Message]]:
    if chosen.folder:
        yield files(chosen.folder, deployed.source(chosen.source or ""))
    elif chosen.evidence:
        yield evidence(deployed.client("s3"), _bucket(deployed), chosen.source, (chosen.since, chosen.until))
    else:
        with ExitStack() as opened:
            yield chain.from_iterable([opened.enter_context(one.messages()) for one in _dead_letters(deployed)])


def _dead_letters(deployed: Deployed) -> list[DeadLetters]:
    """Return the dead letters of both inboxes: each go back to where they came from."""
    sqs, now = deployed.client("sqs"), datetime.now(UTC)
    queues = {SIGNED: "InboxDeadLettersUrl", UNSIGNED: "UnsignedInboxDeadLettersUrl"}
    return [DeadLetters(sqs, deployed.output(dead), now, inbox) for inbox, dead in queues.items()]


def _bucket(deployed: Deployed) -> str:
    if "EvidenceBucketName" not in deployed.outputs:
        raise ConfigurationError(f"stack {deployed.name} keeps no copies of webhooks: its parameter EvidenceDays is 0")
    return deployed.output("EvidenceBucketName")


def _tell(outcomes: Iterable[Outcome], output: Output) -> int:
    rows = (dict(zip(COLUMNS, outcome, strict=True)) for outcome in outcomes)
    if output is Output.JSON:
        print_json_rows(rows)
    elif output is Output.CSV:
        print_csv(COLUMNS, rows)
    else:
        counts = Counter(_printed(outcome) for outcome in outcomes)
        print(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "nothing to replay")
    return 0


def _printed(outcome: Outcome) -> str:
    name, what, text = outcome
    if what != _QUEUED:
        print(one_line(f"{name}: {what}" + (f": {text}" if text else "")))
    return what


@click.command("replay")
@click.argument("folder", required=False, type=options.FILE)
@click.option("--dead-letters", is_flag=True, help="Webhooks that could not be read or captured.")
@click.option("--evidence", is_flag=True, help="Stored copies, if the stack has EvidenceDays.")
@click.option("--source", metavar="NAME", help="Name of the source in surveys.toml.")
@click.option("--since", callback=_day, metavar="DAY", help="First day of the copies (UTC).")
@click.option("--until", callback=_day, metavar="DAY", help="Last day of the copies (UTC).")
@click.option("--dry-run", "dry", is_flag=True, help="Write nothing, print the outcome of each webhook.")
@click.option("--ask-apis", is_flag=True, help="Call the billing systems' APIs in a dry run.")
@options.why
@options.output(csv=True)
@options.stack
def command(  # noqa: PLR0913  # its options
    *,
    folder: Path | None,
    dead_letters: bool,
    evidence: bool,
    source: str | None,
    since: date | None,
    until: date | None,
    dry: bool,
    ask_apis: bool,
    why: str,
    output: Output,
    choice: StackChoice,
) -> int:
    """Put earlier webhooks through the inbox again.

    Name one of a FOLDER with the webhooks of one --source (or one file), --dead-letters or --evidence.
    """
    wanted = ReplaySelection(folder, source, evidence, since, until)
    _check(wanted, dead_letters=dead_letters)
    if ask_apis and not dry:
        raise click.UsageError("--ask-apis belongs to a --dry-run: the inbox asks them anyway")
    stack = deployed.connect(choice)
    if dry:
        return dry_run(wanted, stack, ask_apis=ask_apis, output=output, why=why)
    return replay(wanted, stack, output, why)


def _check(wanted: ReplaySelection, *, dead_letters: bool) -> None:
    if (wanted.folder is not None) + dead_letters + wanted.evidence != 1:
        raise click.UsageError("name one of FOLDER, --dead-letters and --evidence")
    if wanted.folder and not wanted.source:
        raise click.UsageError("a folder holds the webhooks of one source: say which with --source")
    if dead_letters and wanted.source:
        raise click.UsageError("dead letters are replayed whatever their source")
    if (wanted.since or wanted.until) and not wanted.evidence:
        raise click.UsageError("--since and --until choose among the --evidence")
