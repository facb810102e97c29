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
from afterbill_cli.suppression import commands as suppression


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
    parser = argparse.ArgumentParser(prog="afterbill", description="Surveys of customers after billing events.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_score(commands.add_parser("score", help="show the scores of the deployed stack"))
    explaining.add_to(commands.add_parser("explain", help="show the timeline of a customer, an event or an invitation"))
    _add_policy(commands.add_parser("policy", help="check and explain surveys.toml"))
    sources.add_to(commands.add_parser("source", help="connect billing systems, and test the connection"))
    replaying.add_to(commands.add_parser("replay", help="put earlier webhooks through the inbox again"))
    importing.add_to(commands.add_parser("import", help="import customers or responses from a file"))
    in_product.add_to(commands.add_parser("in-product", help="show or renew the secret for surveys in your product"))
    keys.add_to(commands.add_parser("key", help="create, list and revoke keys for the answer API"))
    doctor.add_to(commands.add_parser("doctor", help="check the deployed stack, and show how to fix problems"))
    sending.add_to(commands.add_parser("sending", help="show, stop and resume the sending of mails"))
    suppression.add_to(commands.add_parser("suppression", help="show and lift suppressions of addresses and numbers"))
    _add_tasks(commands.add_parser("tasks", help="list decisions that need a person"))
    return parser


def _add_policy(parser: argparse.ArgumentParser) -> None:
    policies = parser.add_subparsers(required=True, metavar="COMMAND")
    check = policies.add_parser("check", help="report every mistake in layers/config before you deploy")
    check.set_defaults(run=lambda chosen: policy.check(chosen.config))
    explain = policies.add_parser("explain", help="show the decision about an event, and its reasons")
    explain.add_argument("file", type=Path, metavar="FILE", help="file of a webhook, as in events/webhooks")
    explain.add_argument("--source", help="source of the webhook; default: by the folder's name")
    explain.set_defaults(run=lambda chosen: policy.explain(chosen.file, chosen.source, chosen.config))
    for command in (check, explain):
        command.add_argument(
            "--config", type=Path, default=Path("layers/config"), metavar="FOLDER", help="default: layers/config"
        )


def _add_score(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--window", default="30d", help="7d, 30d, 90d, 365d or a month such as 2026-11; default: 30d")
    parser.add_argument(
        "--by", default="all", metavar="DIMENSION", help="touchpoint, stage, source, plan, reason, ...; default: all"
    )
    parser.add_argument(
        "--question", default="nps", choices=("nps", "csat", "ces", "rebuy"), help="question of the survey"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--table", help="DynamoDB table; default: $AFTERBILL_TABLE, else that of the local stack")
    parser.set_defaults(run=score.run)


def _add_tasks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=lambda chosen: tasks.show(deployed.connect(chosen), as_json=chosen.json))
    deployed.options(parser)
    done = parser.add_subparsers(metavar="COMMAND").add_parser("done", help="mark a task as done")
    for name in ("source", "kind", "id"):
        done.add_argument(name, metavar=name.upper(), help="as listed by `afterbill tasks`")
    done.set_defaults(run=lambda chosen: tasks.done(deployed.connect(chosen), chosen.source, chosen.kind, chosen.id))


if __name__ == "__main__":
    sys.exit(main())
