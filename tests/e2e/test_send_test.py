"""`afterbill send-test` on the deployed stack: from the command to an answer that counts nowhere."""

from tests.e2e.newcomer import afterbill
from tests.e2e.test_score import scores
from tests.e2e.town import Town, own

ADDRESS = "operator@example.com"


def told(*words: str, code: int = 0) -> str:
    """Run a command; everything it printed."""
    ended = afterbill(*words)
    assert ended.returncode == code, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def test_a_test_survey_is_mailed_answered_and_explained_but_never_counted(town: Town):
    sent = told("send-test", own(ADDRESS), "--touchpoint", "renewed", "--locale", "de", "--wait", "120")

    mail = town.mail(ADDRESS)
    thanks = town.answer(mail, 3, "Nur ein Versuch")
    town.compute()

    assert "Its mail was handed to SES" in sent
    assert mail.subject.startswith("[Test] ")
    assert all("Dies ist eine Testumfrage" in text for text in (mail.html, mail.text, thanks))
    explained = told("explain", own(ADDRESS))
    assert "sent, a test: it counts nowhere" in explained
    assert "answered 3 of 10" in explained
    assert "send-test" not in {row["value"] for row in scores(town, "source")}


def test_an_address_that_objected_gets_no_test_either(town: Town):
    told("send-test", own("stop@example.com"), "--wait", "120")
    leave = town.mail("stop@example.com").unsubscribe_url
    assert (
        town.http.request("POST", leave, fields={"List-Unsubscribe": "One-Click"}, encode_multipart=False).status == 200
    )

    assert "not sent, suppressed" in told("send-test", own("stop@example.com"), code=1)
