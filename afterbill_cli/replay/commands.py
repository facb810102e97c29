"""`afterbill replay`: put webhooks into the inbox again, or show what that would do."""

import argparse
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from afterbill.adapters.aws.inbox import SqsInbox
from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.intake.ports import BillingApis, Inbox
from afterbill.model.errors import ConfigurationError
from afterbill_cli import deployed
from afterbill_cli.deployed import Deployed
from afterbill_cli.memory.keys import MemoryApis
from afterbill_cli.replay.dry_capture import DryCapture, dry_capture
from afterbill_cli.replay.messages import DeadLetters, Message, evidence, files
from afterbill_cli.sources import stack_secrets


@dataclass(frozen=True, slots=True)
class ReplaySelection:
    """The webhooks to replay: files of a source, evidence, or the dead letters."""

    folder: Path | None = None
    source: str | None = None
    evidence: bool = False
    since: date | None = None
    until: date | None = None


def replay(chosen: ReplaySelection, deployed: Deployed) -> int:
    """Put the messages into the inbox; a dead letter is removed only once that is durable."""
    inbox = SqsInbox(deployed.client("sqs"), deployed.output("InboxUrl"))
    with _messages(chosen, deployed) as messages:
        counts = Counter(_put(message, inbox) for message in messages)
    return _conclude(counts)


def dry_run(chosen: ReplaySelection, deployed: Deployed, *, ask_apis: bool) -> int:
    """Print the outcome that each message would have; nothing is written."""
    keys = SecretKeys(stack_secrets.secret(deployed, "KeysSecretArn"))
    facts = FactsTable(deployed.client("dynamodb"), deployed.output("TableName"))
    apis: BillingApis = stack_secrets.apis(deployed) if ask_apis else MemoryApis(closed=True)
    with _messages(chosen, deployed) as messages:
        return _conclude(Counter(_try_all(messages, dry_capture(deployed.policy(), facts, apis, keys.hash_address))))


def _try_all(messages: Iterable[Message], capture: DryCapture) -> Iterator[str]:
    for message in messages:
        for result in capture.of(message.webhook):
            print(f"{message.name}: {result.outcome}" + (f": {result.text}" if result.text else ""))
            yield result.outcome


def _put(message: Message, inbox: Inbox) -> str:
    if not inbox.put(message.webhook):
        print(f"{message.name}: too large for the inbox, left where it is")
        return "too large"
    message.remove()
    return "queued"


@contextmanager
def _messages(chosen: ReplaySelection, deployed: Deployed) -> Iterator[Iterator[Message]]:
    if chosen.folder:
        yield files(chosen.folder, deployed.source(chosen.source or ""))
    elif chosen.evidence:
        yield evidence(deployed.client("s3"), _bucket(deployed), chosen.source, (chosen.since, chosen.until))
    else:
        letters = DeadLetters(deployed.client("sqs"), deployed.output("InboxDeadLettersUrl"), datetime.now(UTC))
        with letters.messages() as messages:
            yield messages


def _bucket(deployed: Deployed) -> str:
    if "EvidenceBucketName" not in deployed.outputs:
        raise ConfigurationError(f"stack {deployed.name} keeps no copies of webhooks: its parameter EvidenceDays is 0")
    return deployed.output("EvidenceBucketName")


def _conclude(counts: Counter[str]) -> int:
    print(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())) or "nothing to replay")
    return 0


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `afterbill replay`."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument(
        "folder", nargs="?", type=Path, metavar="FOLDER", help="folder with webhooks of one --source, or one file"
    )
    where.add_argument("--dead-letters", action="store_true", help="webhooks that could not be read or captured")
    where.add_argument("--evidence", action="store_true", help="stored copies, if the stack has EvidenceDays")
    parser.add_argument("--source", metavar="NAME", help="name of the source in surveys.toml")
    parser.add_argument("--since", type=date.fromisoformat, metavar="DAY", help="first day of the copies (UTC)")
    parser.add_argument("--until", type=date.fromisoformat, metavar="DAY", help="last day of the copies (UTC)")
    parser.add_argument("--dry-run", action="store_true", help="write nothing, print the outcome of each webhook")
    parser.add_argument("--ask-apis", action="store_true", help="call the billing systems' APIs in a dry run")
    parser.set_defaults(run=_run)
    deployed.options(parser)


def _run(chosen: argparse.Namespace) -> int:
    if chosen.folder and not chosen.source:
        raise ConfigurationError("a folder holds the webhooks of one source: say which with --source")
    if chosen.dead_letters and chosen.source:
        raise ConfigurationError("dead letters are replayed whatever their source")
    if (chosen.since or chosen.until) and not chosen.evidence:
        raise ConfigurationError("--since and --until choose among the --evidence")
    if chosen.ask_apis and not chosen.dry_run:
        raise ConfigurationError("--ask-apis belongs to a --dry-run: the inbox asks them anyway")
    wanted = ReplaySelection(chosen.folder, chosen.source, chosen.evidence, chosen.since, chosen.until)
    stack = deployed.connect(chosen)
    return dry_run(wanted, stack, ask_apis=chosen.ask_apis) if chosen.dry_run else replay(wanted, stack)
