"""A number that is tapped in a mail and never sent: a person's counts, a scanner's does not."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from afterbill.model.visits import Kind, kind_of
from afterbill_dev.demo.mailbox import ReceivedMail, links
from tests.e2e.test_score import scores
from tests.e2e.town import RUN, Town, eventually, invitation_id

KIND = "support_resolved"
PERSON, SCANNED = "tap-person", "tap-scanned"
PERSON_EMAIL, SCANNED_EMAIL = "tap.person@example.com", "tap.scanned@example.com"
PLAN = f"tapped-{RUN}"


def two_who_do_not_send(town: Town) -> None:
    town.tell(KIND, PERSON, PERSON_EMAIL, plan=PLAN)
    town.tell(KIND, SCANNED, SCANNED_EMAIL, plan=PLAN)


@pytest.mark.after(scene=two_who_do_not_send)
def test_a_person_s_tap_counts_and_a_scanner_s_links_do_not(town: Town, chromium: Browser):
    mail, scanned = town.mail(PERSON_EMAIL), town.mail(SCANNED_EMAIL)
    tap(chromium, mail.rating_link(9))
    scan(town, scanned)
    town.given[mail.answer_url] = 9

    def look() -> dict[str, Any]:
        town.compute()
        return next((row for row in scores(town, "plan") if row["value"] == PLAN), {})

    found = eventually(look, lambda row: row.get("n"), "the score of the plan", 120, 2)

    answered, unanswered = (town.invitation(invitation_id(KIND, one)) for one in (PERSON, SCANNED))
    assert (answered["rating"], answered["unconfirmed"]) == (9, True)
    assert "rating" not in unanswered
    assert {kind_of(int(code)) for codes in unanswered["visits"].values() for code in codes} == {
        Kind.HIDDEN,
        Kind.OPENED,
        Kind.PROBED,
    }
    assert (found["n"], found["unconfirmed"], found["promoters"]) == (1, 1, 1)


def tap(chromium: Browser, link: str) -> None:
    """Open the link, look at the page for a moment, leave."""
    page = chromium.new_page()
    page.goto(link)
    page.wait_for_timeout(1500)
    page.close()


def scan(town: Town, mail: ReceivedMail) -> None:
    """Fetch all that leads to the survey, and ask for the head of each as well."""
    wanted = [link for link in links(mail.html) if link.startswith(mail.answer_url)]
    assert wanted[0].endswith("?rating=none")
    for link in wanted:
        for method in ("HEAD", "GET"):
            assert town.http.request(method, link).status == 200, (method, link)
