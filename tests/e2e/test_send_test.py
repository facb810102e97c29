"""`afterbill send-test` on the deployed stack: from the command to an answer that counts nowhere."""

import os
import subprocess
import sys

import pytest

from tests.e2e.test_score import scores
from tests.e2e.town import ROOT, Town, own

ADDRESS = "operator@example.com"


@pytest.fixture(scope="module")
def afterbill():
    """Run a command as an operator does; what it printed."""
    environment = {**os.environ, "AFTERBILL_STACK": "", "AWS_REGION": ""}

    def run(*words: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "afterbill_cli.cli", *words]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT, env=environment)
        assert ended.returncode == code, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    return run


def test_a_test_survey_is_mailed_answered_and_explained_but_never_counted(town: Town, afterbill):
    sent = afterbill("send-test", own(ADDRESS), "--touchpoint", "renewed", "--locale", "de", "--wait", "120")

    mail = town.mail(ADDRESS)
    thanks = town.answer(mail, 3, "Nur ein Versuch")
    town.compute()

    assert "Its mail was handed to SES" in sent
    assert mail.subject.startswith("[Test] ")
    assert all("Dies ist eine Testumfrage" in text for text in (mail.html, mail.text, thanks))
    told = afterbill("explain", own(ADDRESS))
    assert "sent, a test: it counts nowhere" in told
    assert "answered 3 of 10" in told
    assert "send-test" not in {row["value"] for row in scores(town, "source")}


def test_an_address_that_objected_gets_no_test_either(town: Town, afterbill):
    afterbill("send-test", own("stop@example.com"), "--wait", "120")
    leave = town.mail("stop@example.com").unsubscribe_url
    assert (
        town.http.request("POST", leave, fields={"List-Unsubscribe": "One-Click"}, encode_multipart=False).status == 200
    )

    assert "not sent, suppressed" in afterbill("send-test", own("stop@example.com"), code=1)
