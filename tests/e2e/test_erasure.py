"""Of a person who was removed nothing is left but what ends by itself, and every score stays as it was."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from afterbill.adapters.dynamodb.scores import ScoresTable
from afterbill.insight.periods import ROLLING
from afterbill.model.segments import DIMENSIONS
from afterbill_dev.demo.mailbox import ReceivedMail
from tests.e2e.marked import (
    LATER,
    Marked,
    answers_everywhere,
    asked_everywhere,
    found_in,
    printed,
    sorted_letters,
    unreadable,
)
from tests.e2e.stores import everything, queues, tables
from tests.e2e.town import RUN, Town, eventually, own

ZOE, YARA = Marked("zoe"), Marked("yara")
KEPT_BY_PLAN = 5
"""Of Zoe's answers; the other two sources know no plan."""
NEIGHBOURS = {f"neighbour.{number}@example.com": number for number in range(6)}
MOST_COPIES = 8
"""Webhooks about Zoe of which copies were kept: all that were sent by her systems."""
DEAD_LETTER = "queue InboxDeadLetters"
ARCHIVED = ("object facts/", "object comments/")
OURS = (
    "table INVITATION#",
    "table PRIVACY ",
    "table OPERATOR#",
    "table OUTBOX#",
    "table STATE notices",
    "table TASK#campaigns erase_by_hand#",
    "ledger AUDIT#",
    "log ",
    "file ",
)
"""The places of our own ids when nobody has them any more: at their tombstone, in records of acts, for two days in the
claims of alerts, for thirty in the log of what was written elsewhere, and in tasks that ask to remove it there."""


def a_person_in_every_store(town: Town) -> None:
    asked_everywhere(town, ZOE)
    asked_everywhere(town, YARA)
    for email, number in NEIGHBOURS.items():
        town.tell("order_paid", f"neighbour-{number}", email, plan=YARA.plan)


@pytest.mark.after(scene=a_person_in_every_store)
def test_nothing_is_left_of_a_person_and_no_score_changes(town: Town, tmp_path: Path):
    given = answers_everywhere(town, ZOE, tmp_path)
    unreadable(town, ZOE)
    eventually(lambda: found_in(queues(town), *ZOE.marks), lambda found: found == [DEAD_LETTER], "the dead letter")
    before = computed(town, ZOE, lambda row: row.tally.n == KEPT_BY_PLAN)
    held, ids = found_in(everything(town), *ZOE.marks), own_ids(town, ZOE)
    assert {place.split("#")[0] for place in held} >= {
        *(f"table {kind}" for kind in ("INVITATION", "CUSTOMER", "ALIAS", "EVENT")),
        DEAD_LETTER,
    }
    assert sum(place.startswith("object") for place in held) >= MOST_COPIES
    led_to = found_in(everything(town), *ids)
    assert all(any(place.startswith(kind) for place in led_to) for kind in ("schedule", "table COPY#", "table PHONE#"))

    receipt, said = erased(town, ZOE, tmp_path)

    left = once_archived(town, ZOE, ids)
    assert [place for place in left if not place.startswith("object standard_webhooks/")] == [DEAD_LETTER]
    assert len(left) <= 2, "the dead letter, and the copy of it, which nobody can read"
    assert [place for place in found_in(everything(town), *ids) if not place.startswith(OURS)] == []
    assert said["people"] == 5
    assert (said["state"], said["done_at"]) == ("settling", None)
    assert "tombstones" in {one["what"] for one in said["kept"]}
    assert said["answers_kept_anonymous"] >= len(given)
    assert "letter" in json.dumps(said["remains"])
    after = computed(town, ZOE, lambda row: row.removed == KEPT_BY_PLAN)
    assert after == before
    printed("privacy", "verify", str(receipt))
    town.sqs.purge_queue(QueueUrl=town.stack["outputs"]["InboxDeadLettersUrl"])


@pytest.mark.after(scene=a_person_in_every_store)
def test_nothing_is_left_while_others_send_answer_and_recount(town: Town, tmp_path: Path):
    neighbours = {email: town.mail(email) for email in NEIGHBOURS}
    hers = eventually(lambda: sorted_letters(town, YARA), lambda found: len(found) == 4, "her mails")
    for mail in hers[1:]:
        town.answer(mail, 9, f"{YARA.mark} is content")
    order = town.invitation(YARA.invitation("order_paid", "order"))
    assert order["rating"] == 9

    with writing(town, [(mail, NEIGHBOURS[email]) for email, mail in neighbours.items()], hers[1]):
        erased(town, YARA, tmp_path)

    eventually(lambda: found_in(queues(town), *YARA.marks), lambda found: found == [], "empty queues")
    assert once_archived(town, YARA, []) == []
    ratings = (*(int(rating in NEIGHBOURS.values()) for rating in range(9)), 1, 0)
    computed(town, YARA, lambda row: (row.tally.ratings, row.removed) == (ratings, 1))


@pytest.mark.after(scene=a_person_in_every_store)
def test_what_was_known_before_is_not_learned_again_and_an_objection_is_kept(town: Town, tmp_path: Path):
    """Runs last in this file: the person comes back."""
    xenia = Marked("xenia")
    old = xenia.event("order_paid", "order")
    assert town.post("standard_webhooks", old) == (202, {"accepted": 1})
    mail = town.mail(xenia.email)
    erased(town, xenia, tmp_path)
    over = datetime.now(UTC)

    assert town.post("standard_webhooks", old)[0] == 202
    assert town.post("standard_webhooks", xenia.event("customer_updated", "profile"))[0] == 202
    captured(town)
    assert found_in(tables(town), *xenia.marks) == []

    one_click = {"List-Unsubscribe": "One-Click"}
    leave = town.http.request("POST", mail.unsubscribe_url, fields=one_click, encode_multipart=False)
    assert leave.status == 200
    # Events tell their moment in whole seconds, and one of the same second may be older than the erasure.
    eventually(lambda: datetime.now(UTC).replace(microsecond=0), lambda now: now > over, "the next second")
    assert town.post("standard_webhooks", xenia.event("order_paid", "again"))[0] == 202
    assert town.closed(xenia.invitation("order_paid", "again")) == "suppressed"


def erased(town: Town, who: Marked, folder: Path) -> tuple[Path, dict[str, Any]]:
    """The receipt as a file, and what it says."""
    receipt = folder / f"{who.called}.json"
    options = ("--yes", "--why", "asked for it", "--receipt", str(receipt), "--output", "json")
    printed("privacy", "erase", own(who.email), *options)
    assert town.stack
    return receipt, json.loads(receipt.read_text())


def once_archived(town: Town, who: Marked, ids: list[str]) -> list[str]:
    """The places of this person's marks, once the days of their facts are written anew: the receipt says by when."""

    def rewritten() -> bool:
        return not any(place.startswith(ARCHIVED) for place in found_in(everything(town), *who.marks, *ids))

    eventually(rewritten, bool, "days of the archive that are written anew", 300, 2)
    return found_in(everything(town), *who.marks)


def own_ids(town: Town, who: Marked) -> list[str]:
    """Our ids of the customers and invitations of this person."""
    keys = [place.split(" ")[1] for place in found_in(tables(town), *who.marks)]
    return [key.partition("#")[2] for key in keys if key.startswith(("CUSTOMER#", "INVITATION#"))]


def computed(town: Town, who: Marked, holds: Callable[[Any], object]) -> dict[tuple[str, ...], Any]:
    """Every score once that of this person's plan is as awaited; of mails only those of the plan, for others go out."""
    table = ScoresTable(town.dynamodb, town.stack["table"])

    def look() -> list[Any]:
        town.compute()
        return [row for row in table.scores("plan", "30d") if row.value == who.plan]

    eventually(look, lambda rows: rows and holds(rows[0]), f"the score of {who.plan}", 60, 1)
    rows = [row for name in DIMENSIONS for days in ROLLING for row in table.scores(name, f"{days}d")]
    return {
        (row.dimension, row.window, row.value): (
            row.tally.ratings,
            row.tally.unconfirmed,
            row.measures,
            row.comparison,
            (row.tally.sent, row.tally.answered) if row.value == who.plan else (),
        )
        for row in rows
        if row.tally.n
    }


def captured(town: Town) -> None:
    """Wait until no webhook waits for its capture."""
    inbox = "queue Inbox"
    eventually(lambda: [place for place, _ in queues(town) if place == inbox], lambda found: found == [], "the inbox")


@contextmanager
def writing(town: Town, mails: list[tuple[ReceivedMail, int]], hers: ReceivedMail) -> Iterator[None]:
    """Eight who write all the time: three send events, three answer, one of them who is being removed, two recount."""
    over = Event()
    work: list[Callable[[int], object]] = [
        lambda turn: town.tell("order_paid", f"busy-one-{turn}", "busy.one@example.com"),
        lambda turn: town.tell("order_paid", f"busy-two-{turn}", "busy.two@example.com"),
        lambda turn: town.tell(LATER, f"busy-later-{turn}", "busy.later@example.com"),
        lambda turn: town.answer(*mails[turn % len(mails)], f"turn {turn}"),
        lambda turn: town.answer(*mails[-1 - turn % len(mails)], f"turn {turn}"),
        lambda _: again(town, hers),
        lambda _: town.compute(),
        lambda _: town.compute(),
    ]

    def go_on(task: Callable[[int], object]) -> None:
        for turn in count():
            task(turn)
            if over.wait(0.1):
                return

    with ThreadPoolExecutor(len(work)) as pool:
        writers = [pool.submit(go_on, task) for task in work]
        try:
            over.wait(1)
            yield
            over.wait(1)
        finally:
            over.set()
    for writer in writers:
        writer.result()


def again(town: Town, mail: ReceivedMail) -> None:
    """She says the same once more, as long as there is a survey, until she is asked to wait."""
    fields = {"rating": "9", "comment": f"{YARA.mark} again"}
    answer = town.http.request("POST", mail.answer_url, fields=fields, encode_multipart=False)
    assert answer.status in {200, 404, 410, 429}, (RUN, answer.status)
