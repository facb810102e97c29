"""Digests and alerts in a channel: through the outbox, with figures and nobody's words."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from afterbill.insight.periods import rolling
from afterbill.model.errors import TransientError
from afterbill_actions.outbox import Entry, Operation
from afterbill_console.digest.channels import ChannelMailer
from afterbill_console.digest.hand_over import Post
from afterbill_console.digest.notify import notify
from afterbill_console.roles import Role
from tests.unit.console.office import MONDAY, ORIGIN, TOTAL, Office


@dataclass
class Queue:
    """An outbox and its wakes; `broken` puts nothing."""

    put_in: list[Entry] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)
    broken: bool = False

    def put(self, entries: Sequence[Entry]) -> None:
        if self.broken:
            raise TransientError("the table does not answer")
        self.put_in += entries

    def drain(self, connection: str, after: timedelta = timedelta(0)) -> None:
        assert not after
        self.woken.append(connection)


@pytest.fixture
def queue() -> Queue:
    return Queue()


@pytest.fixture
def run(queue):
    def once(office: Office, now=MONDAY):
        mailer = ChannelMailer(office.mailer, queue, queue, {"team": "message"}, ORIGIN, "de", lambda: now)
        deps = replace(office.deps(), channels=("team",), post=Post(office.claims, mailer), language="de")
        return notify(deps, now)

    return once


def test_a_digest_comes_on_monday_as_an_entry_of_the_outbox(run, queue):
    run(Office())
    [entry] = queue.put_in

    assert (entry.connection, entry.effect, entry.operation) == ("team", "notices/team.message", Operation.TELL)
    assert entry.content["title"].startswith("Score −23")
    assert "142 Antworten" in entry.content["text"]
    assert entry.content["link"] == ORIGIN
    assert queue.woken == ["team"]


def test_it_holds_no_comment_and_no_word_about_the_readers_account(run, queue):
    office = Office()
    office.answer(1, 2, "My words are my own", MONDAY - timedelta(days=2))
    run(office)
    [entry] = queue.put_in

    assert "My words" not in entry.content["text"]
    assert "Sie erhalten diese E-Mail" not in entry.content["text"]


def test_it_comes_once(run, queue):
    office = Office()
    run(office)
    run(office, MONDAY + timedelta(minutes=15))

    assert len(queue.put_in) == 1


def test_a_real_drop_is_told_and_a_low_score_is_not(run, queue):
    office = Office()
    day = MONDAY + timedelta(days=1)
    fallen = {"rows": [], "total": TOTAL | {"change": -17.5, "real": True}}
    office.reports.put("reports/trend/nps/30d.json", "trend", rolling(30, day.date()), fallen, day)
    office.answer(1, 0, "Awful", day - timedelta(minutes=1))
    run(office, day)
    [entry] = queue.put_in

    assert entry.content["title"] == "Score gefallen: alle Antworten zusammen"
    assert "Awful" not in str(entry)


def test_operators_get_their_mails_as_before(run, queue):
    office = Office()
    office.join(Role.VIEWER)
    run(office)

    assert len(office.mails("viewer@example.com")) == 1
    assert len(queue.put_in) == 1


def test_what_the_outbox_does_not_take_is_tried_again(run, queue):
    office = Office()
    queue.broken = True
    run(office)
    queue.broken = False
    run(office, MONDAY + timedelta(minutes=15))

    assert len(queue.put_in) == 1
