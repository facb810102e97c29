"""`python -m afterbill_dev.demo`: the demo; with ONCE=1 in the environment it ends after the scores."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import boto3

from afterbill_dev.demo.billing import Billing
from afterbill_dev.demo.past import CUSTOMERS, live_through, shown
from afterbill_dev.demo.people import everybody
from afterbill_dev.demo.progress import DemoError, say, wait_for
from afterbill_dev.demo.scenario import Stack, play
from afterbill_dev.demo.scores import SCORE_FILE
from afterbill_dev.local import stack as local_stack
from afterbill_dev.local.configured import Wanted
from afterbill_dev.local.processes import StackError
from afterbill_dev.paths import LOCAL, LOGS, STACK_FILE

KEPT_LOGS = LOCAL / "demo-logs"
SHOWN_SECONDS = 180.0


def main() -> None:
    """Exit with 0 when the scores equal the recount, else with 1 and the reason."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _stack() as stack, _kept_logs(), _billing(stack) as billing:
            _run(stack, billing)
    except (DemoError, StackError) as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        print("\nStopped.")


def _run(stack: Stack, billing: Billing) -> None:
    say(f"a year of {CUSTOMERS} other customers is written beside, with what they were billed, asked and said")
    past = live_through()
    say(f"  {len(past.facts)} facts are stored and archived; the stack computes their reports")
    wait_for("first page of the console", lambda: int(shown(stack)), 1, SHOWN_SECONDS)
    say(f"the console shows it: {_console(stack)}")
    if not play(stack, billing, everybody(), past):
        raise DemoError("The scores and the recount differ, see the table.")
    say(f"the scores equal the recount; they are in {SCORE_FILE.relative_to(LOCAL.parent)}")
    if os.environ.get("ONCE", "0") in {"", "0"}:
        _invite(stack, billing)
        signal.pause()


@contextmanager
def _stack() -> Iterator[Stack]:
    """A stack of the demo's own, so that its scores are those of its answers; stopped at the end."""
    if STACK_FILE.exists():
        say("a local stack is running; the demo begins with an empty one")
        local_stack.down()
    say("starting the local stack: SAM builds the template and deploys it onto MiniStack, an AWS on this machine")
    try:
        yield local_stack.up(Wanted())
    finally:
        say("stopping the local stack")
        local_stack.down()


@contextmanager
def _billing(stack: Stack) -> Iterator[Billing]:
    billing = Billing(f"{stack['api_url']}/webhooks/stripe", stack["sources"]["stripe"]["secret"])
    try:
        billing.start()
        yield billing
    finally:
        billing.stop()


@contextmanager
def _kept_logs() -> Iterator[None]:
    """Keep the logs when an error ends the block, and print where they are."""
    try:
        yield
    except Exception:
        shutil.rmtree(KEPT_LOGS, ignore_errors=True)
        shutil.copytree(LOGS, KEPT_LOGS)
        (KEPT_LOGS / "functions.log").write_text("\n".join(_lines_of_functions()))
        say(f"the logs of this run are kept in {KEPT_LOGS.relative_to(LOCAL.parent)}")
        raise


def _lines_of_functions() -> Iterator[str]:
    """Yield the lines that the functions wrote to CloudWatch Logs, group by group."""
    logs = boto3.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for stream in logs.describe_log_streams(logGroupName=name)["logStreams"]:
            events = logs.get_log_events(logGroupName=name, logStreamName=stream["logStreamName"], startFromHead=True)
            yield from (f"{name}: {event['message'].rstrip()}" for event in events["events"])


def _console(stack: Stack) -> str:
    admin = stack["console"]["admin"]
    return f"{stack['console_url']}/app (sign in as {admin['email']}, {admin['password']})"


def _invite(stack: Stack, billing: Billing) -> None:
    print(f"""
Everything stays up until Ctrl-C:

  {_console(stack)}
    the console; the overview shows what just came in, the feed who said it

  {stack["inbox_url"]}
    all mails; open one and answer as its recipient

  .venv/bin/afterbill score --by touchpoint
    the score, computed anew every minute (--by country, plan, locale ... as well)

Become a customer: a mail to you arrives within a minute.

  stripe={billing.url}/v1
  you=$(curl -su sk_test_demo: $stripe/customers -d name=You -d email=you@example.com -d 'source[object]=card' \\
    -d 'source[number]=4242424242424242' -d 'source[exp_month]=12' -d 'source[exp_year]=2030' -d 'source[cvc]=123' \\
    | grep -om1 'cus_[A-Za-z0-9]*')
  curl -su sk_test_demo: $stripe/subscriptions -d customer=$you -d 'items[0][plan]=pro'
""")


if __name__ == "__main__":
    main()
