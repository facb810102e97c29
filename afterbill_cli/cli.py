"""`afterbill`: what operators and developers ask of a deployed stack and of its configuration."""

import argparse
import sys
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from afterbill.model.errors import AfterbillError
from afterbill_cli import deployed, in_product, keys, policy, score, sending, tasks
from afterbill_cli.doctor import commands as doctor
from afterbill_cli.explain import commands as explaining
from afterbill_cli.importing import commands as importing
from afterbill_cli.replay import commands as replaying
from afterbill_cli.sources import commands as sources


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return 0 on success, 1 after one readable message on stderr."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except AfterbillError as error:
        print(f"afterbill: {error}", file=sys.stderr)
    except (BotoCoreError, ClientError) as error:
        print(f"afterbill: AWS: {error}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="afterbill", description="Ask customers after a billing event.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_score(commands.add_parser("score", help="read the scores of the deployed stack"))
    explaining.add_to(commands.add_parser("explain", help="the story of a customer, an event or an invitation"))
    _add_policy(commands.add_parser("policy", help="check and explain surveys.toml"))
    sources.add_to(commands.add_parser("source", help="connect billing systems, and test the connection"))
    replaying.add_to(commands.add_parser("replay", help="let webhooks of before go through the inbox again"))
    importing.add_to(commands.add_parser("import", help="customers or responses of before, from a file"))
    in_product.add_to(commands.add_parser("in-product", help="the secret that proves users of surveys in your product"))
    keys.add_to(commands.add_parser("key", help="keys for the answer API: make, list and revoke them"))
    doctor.add_to(commands.add_parser("doctor", help="what keeps the deployed stack from sending, and what to do"))
    sending.add_to(commands.add_parser("sending", help="whether mails go out; stop and resume all sending"))
    _add_tasks(commands.add_parser("tasks", help="what a person has to decide"))
    return parser


def _add_policy(parser: argparse.ArgumentParser) -> None:
    policies = parser.add_subparsers(required=True, metavar="COMMAND")
    check = policies.add_parser("check", help="find every mistake in layers/config before it is deployed")
    check.set_defaults(run=lambda chosen: policy.check(chosen.config))
    explain = policies.add_parser("explain", help="show what an event would do, and why")
    explain.add_argument("file", type=Path, metavar="FILE", help="a webhook, as in events/webhooks")
    explain.add_argument("--source", help="the source it arrives at; found by the folder's name when left out")
    explain.set_defaults(run=lambda chosen: policy.explain(chosen.file, chosen.source, chosen.config))
    for one in (check, explain):
        one.add_argument("--config", type=Path, default=Path("layers/config"), metavar="FOLDER")


def _add_score(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--window", default="30d", help="7d, 30d, 90d, 365d or a month such as 2026-11")
    parser.add_argument("--by", default="all", metavar="DIMENSION", help="touchpoint, stage, source, plan, reason, ...")
    parser.add_argument("--question", default="nps", choices=("nps", "csat", "ces", "rebuy"), help="what was asked")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--table", help="the stack's table; by default that of the local stack or $AFTERBILL_TABLE")
    parser.set_defaults(run=score.run)


def _add_tasks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=lambda chosen: tasks.show(deployed.connect(chosen), as_json=chosen.json))
    deployed.options(parser)
    done = parser.add_subparsers(metavar="COMMAND").add_parser("done", help="forget one that was decided")
    for name in ("source", "kind", "id"):
        done.add_argument(name, metavar=name.upper(), help="as `afterbill tasks` lists it")
    done.set_defaults(run=lambda chosen: tasks.done(deployed.connect(chosen), chosen.source, chosen.kind, chosen.id))


if __name__ == "__main__":
    sys.exit(main())
