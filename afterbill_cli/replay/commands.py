"""The arguments of `afterbill replay`."""

import argparse
from datetime import date
from pathlib import Path

from afterbill.model.errors import ConfigurationError
from afterbill_cli import deployed
from afterbill_cli.replay.replay import Chosen, dry_run, replay


def add_to(parser: argparse.ArgumentParser) -> None:
    """`afterbill replay`."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="webhooks of one --source, or one file")
    where.add_argument("--dead-letters", action="store_true", help="what could not be read or captured")
    where.add_argument("--evidence", action="store_true", help="kept copies, where EvidenceDays keeps some")
    parser.add_argument("--source", metavar="NAME", help="as in surveys.toml")
    parser.add_argument("--since", type=date.fromisoformat, metavar="DAY", help="UTC day of the first copy")
    parser.add_argument("--until", type=date.fromisoformat, metavar="DAY", help="UTC day of the last copy")
    parser.add_argument("--dry-run", action="store_true", help="write nothing, say what would come of each")
    parser.add_argument("--ask-apis", action="store_true", help="in a dry run, ask the billing systems' APIs")
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
    wanted = Chosen(chosen.folder, chosen.source, chosen.evidence, chosen.since, chosen.until)
    stack = deployed.connect(chosen)
    return dry_run(wanted, stack, ask_apis=chosen.ask_apis) if chosen.dry_run else replay(wanted, stack)
