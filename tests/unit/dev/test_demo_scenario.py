"""The demo's course over a stack, a billing system and people that are all made up."""

from collections import Counter
from contextlib import nullcontext
from dataclasses import replace

import pytest

from afterbill_dev.demo import answers, browser, mailbox, progress, scenario, scores
from afterbill_dev.demo.billing import Purchase
from afterbill_dev.demo.mailbox import ReceivedMail
from afterbill_dev.demo.past import Past
from afterbill_dev.demo.people import TOUCHPOINT_OF, BillingCase, everybody
from afterbill_dev.demo.progress import DemoError

STACK = {"table": "table", "inbox_url": "http://inbox/"}
PEOPLE = everybody()


class Till:
    """Sells, and remembers what was taken back."""

    def __init__(self):
        self.steps = Counter()

    def subscribe(self, person):
        return Purchase(person, "cus", "sub", f"in_{person.email}", "ch", "pi", 900)

    def bill_again(self, purchase):
        return replace(purchase, invoice="in_again")

    def refund(self, _purchase):
        self.steps["refund"] += 1

    def dispute(self, _purchase):
        self.steps["dispute"] += 1

    def cancel(self, _purchase):
        self.steps["cancel"] += 1


class Table:
    """Every invitation was closed: the second invoice's for one reason, all others for another."""

    def get_item(self, Key, **_):  # noqa: N803 (names of boto3)
        again = Purchase(PEOPLE[0], "", "", "in_again", "", "", 0).payment_survey
        reason = "suppressed" if again in Key["pk"]["S"] else "stopped"
        return {"Item": {"reason": {"S": reason}}}


@pytest.fixture(autouse=True)
def world(monkeypatch):
    asked = [person for person in PEOPLE if person.case in TOUCHPOINT_OF]
    sent = Counter(TOUCHPOINT_OF[person.case] for person in asked)
    mails = [ReceivedMail(person.email, "", "", "", {}) for person in asked]
    monkeypatch.setattr(progress, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(scenario, "MAILS_SECONDS", 0)
    monkeypatch.setattr(scenario, "SCORE_SECONDS", 0)
    monkeypatch.setattr(scenario.boto3, "client", lambda _service: Table())
    monkeypatch.setattr(mailbox, "received_mails", lambda _url: mails)
    monkeypatch.setattr(mailbox, "count_by_recipient", lambda _url: Counter(mail.to for mail in mails))
    monkeypatch.setattr(browser, "chromium", nullcontext)
    monkeypatch.setattr(browser, "answer", lambda *_: None)
    monkeypatch.setattr(answers, "unsubscribe", lambda _letter: None)
    monkeypatch.setattr(answers, "post_forms", lambda people: iter([person for person, _ in people]))
    monkeypatch.setattr(scores, "computed", lambda: scores.recount(sent, answers.ratings_of(PEOPLE)))
    return mails


def test_it_ends_well_when_scores_and_recount_agree(capsys):
    till = Till()

    assert scenario.play(STACK, till, PEOPLE, Past())
    assert till.steps == {"refund": 5, "dispute": 3, "cancel": 5}
    assert "payment_succeeded     31       25         16" in capsys.readouterr().out


def test_it_ends_badly_and_shows_the_difference_when_they_do_not(monkeypatch, capsys):
    monkeypatch.setattr(scores, "computed", dict)

    assert not scenario.play(STACK, Till(), PEOPLE, Past())
    assert "DIFFERS: sent 0, recounted 31" in capsys.readouterr().out


def test_a_second_mail_to_anybody_is_an_error(world):
    world.append(world[0])

    with pytest.raises(DemoError, match=f"Exactly one mail .* {world[0].to}: 2"):
        scenario.play(STACK, Till(), PEOPLE, Past())


def test_a_mail_to_somebody_who_must_be_left_alone_is_an_error(world):
    left_alone = next(person for person in PEOPLE if person.case is BillingCase.DISPUTES)
    world.append(ReceivedMail(left_alone.email, "", "", "", {}))

    with pytest.raises(DemoError, match=f"{left_alone.email}: 1"):
        scenario.play(STACK, Till(), PEOPLE, Past())


def test_mails_that_never_come_are_counted(world):
    del world[10:]

    with pytest.raises(DemoError, match="surveys in the mailboxes: 49 were expected, 10 are there"):
        scenario.play(STACK, Till(), PEOPLE, Past())
