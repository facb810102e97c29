"""The digest of a week: the function's own wiring over the local stack, on a Monday morning that is still to come."""

import json
import os
import secrets
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from afterbill.adapters.aws.report_files import S3Reports
from afterbill.insight.reports.asked import ReportRules
from afterbill.insight.reports.reading import read_report
from afterbill.insight.reports.requested import ReportRequest, checked
from afterbill_cli.deployed import Deployed
from afterbill_console.adapters.notices import NoticesTable
from afterbill_console.adapters.preferences import PreferencesTable
from afterbill_console.adapters.recipients import CognitoRecipients
from afterbill_console.digest.periods import periods_of
from afterbill_console.numbers import Numbers
from afterbill_console.preferences import Cadence, Choices
from afterbill_console.texts import texts
from afterbill_dev.demo import mailbox
from tests.e2e.marked import printed
from tests.e2e.newcomer import afterbill
from tests.e2e.town import ROOT, RUN, Town, eventually

RATINGS = (10, 10, 9, 9, 9, 8, 8, 7, 6, 3, 0, 10)
PLAN = f"digest-{RUN}"
COMMENT = "The invoice names a plan of the year before."
LANGUAGES = {"viewer": "de", "analyst": "en"}
"""The operators whose mails are read, with the language that each chose."""
HANDLER = """
import sys
from datetime import datetime
import app

class Clock(datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.fromisoformat(sys.argv[1]).astimezone(tz)

app.datetime = Clock
app.handler({}, None)
"""
"""The whole function, which believes that it is another time."""


def answers_of_this_week(town: Town) -> None:
    key = printed("key", "create", f"digest {RUN}").split()[0]
    for number, rating in enumerate(RATINGS):
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": f"digest {RUN} {number}"}
        told = {"rating": rating, "touchpoint": "renewed", "segments": {"plan": PLAN}}
        told |= {"comment": COMMENT} if rating == min(RATINGS) else {}
        answer = town.http.request("POST", f"{town.stack['api_url']}/v1/responses", json=told, headers=headers)
        assert answer.status == 201, answer.data
        town.given[f"digest {number}"] = rating


@pytest.fixture
def zone(town: Town) -> ZoneInfo:
    outputs, folder = town.stack["outputs"], ROOT / town.stack["configuration"]
    deployed = Deployed(town.stack["stack_name"], outputs, town.client, folder)
    return ZoneInfo(deployed.policy().time_zone)


@pytest.fixture
def monday(zone: ZoneInfo) -> datetime:
    """The next Monday at five past seven: the week that it tells of is the one that runs."""
    today = datetime.now(zone).date()
    return datetime.combine(today + timedelta(days=7 - today.weekday()), time(7, 5), zone)


@pytest.fixture
def chosen(town: Town):
    """The languages as two operators chose them, and afterwards everything as it was."""
    table, outputs = town.stack["table"], town.stack["outputs"]
    preferences, notices = PreferencesTable(town.dynamodb, table), NoticesTable(town.dynamodb, table)
    recipients = CognitoRecipients(town.client("cognito-idp"), outputs["UserPoolId"]).recipients()
    subs = {one.address: one.operator for one in recipients}
    for role, language in LANGUAGES.items():
        preferences.store(subs[town.stack["console"][role]["email"]], Choices(language))
    before = notices.load()
    yield
    for role in LANGUAGES:
        preferences.store(subs[town.stack["console"][role]["email"]], Choices())
    now = notices.load()
    notices.store(replace(before, version=now.version + 1), now)


@pytest.fixture
def removed(town: Town):
    """Somebody who was an operator until a moment ago."""
    email = f"gone-{secrets.token_hex(3)}@example.com"
    words = ("console", "user", "add", email, "--role", "viewer", "--permanent-password-stdin")
    assert afterbill(*words, typed=f"{secrets.token_hex(8)}\n").returncode == 0
    assert email in {one.address for one in operators(town)}
    assert afterbill("console", "user", "remove", email, "--why", "left the firm").returncode == 0
    return email


def operators(town: Town):
    return CognitoRecipients(town.client("cognito-idp"), town.stack["outputs"]["UserPoolId"]).recipients()


def notified(town: Town, now: datetime) -> dict:
    """Run notify_operators at another time, and return what it logged."""
    name = town.stack["outputs"]["NotifyOperatorsFunctionName"]
    settings = town.client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    own = [ROOT / "functions/notify_operators", ROOT / town.stack["configuration"], *sys.path]
    environment = {**os.environ, **settings, **town.stack["environment"], "PYTHONPATH": os.pathsep.join(map(str, own))}
    # As MiniStack has it for functions: the inbox keeps the headers of a mail.
    environment["AWS_ENDPOINT_URL_SESV2"] = town.stack["inbox_url"].rstrip("/")
    command = [sys.executable, "-c", HANDLER, now.isoformat()]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    return next(line for line in lines if line.get("message") == "operators notified")


def digests(town: Town, email: str):
    mails = [one for one in mailbox.received_mails(town.stack["inbox_url"]) if one.to == email]
    return [one for one in mails if one.subject.startswith("Score ") and "/app/me" in one.headers["List-Unsubscribe"]]


def archive_holds_all() -> None:
    """Wait until a report counts the answers: the archive is written by the clock."""
    asked = ("report", "trend", "--window", "30d", "--where", f"plan={PLAN}", "--output", "json")
    enough = len(RATINGS)
    eventually(
        lambda: json.loads(printed(*asked)), lambda one: one.get("total", {}).get("n") == enough, "a report", 240, 2
    )


@pytest.mark.after(scene=answers_of_this_week)
@pytest.mark.usefixtures("chosen")
def test_a_digest_comes_on_monday_once_in_the_language_of_each_with_the_figures_of_the_report(
    town: Town, zone: ZoneInfo, monday: datetime, removed: str
):
    archive_holds_all()
    eventually(lambda: notified(town, monday), lambda ran: not ran["waiting"], "the digests", 240, 2)
    first = {email: digests(town, email) for email in [one.address for one in operators(town)]}
    again = notified(town, monday + timedelta(minutes=1))

    period = periods_of(monday.date())[Cadence.WEEKLY]
    stored = S3Reports(town.client("s3"), town.stack["archive"])
    trend = read_report(checked(ReportRequest("trend", period.window), ReportRules()), stored, datetime.now(UTC))
    total = trend["total"]
    assert total["n"] >= len(RATINGS)
    for role, language in LANGUAGES.items():
        email = town.stack["console"][role]["email"]
        [mail] = first[email]
        numbers, t = Numbers(language, zone), texts(language)
        low, high = numbers.score(total["low"]), numbers.score(total["high"])
        interval = t("digest.interval", low=low, high=high, n=total["n"], count=numbers.count(total["n"]))
        assert mail.subject.startswith(f"Score {numbers.score(total['score'])} (")
        assert f"{t('digest.score')}: {numbers.score(total['score'])}" in mail.text
        assert interval in mail.text
        # Comments are for those who may read them.
        assert (COMMENT in " ".join(mail.text.split())) is (role == "analyst")
    assert {email: digests(town, email) for email in first} == first
    assert not again["waiting"]
    assert mailbox.count_by_recipient(town.stack["inbox_url"])[removed] == 0
