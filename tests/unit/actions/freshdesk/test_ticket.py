"""A ticket about an answer: one, whatever happens between us and Freshdesk."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions.connectors.freshdesk import ticket
from afterbill_actions.connectors.freshdesk.words import PRIORITIES
from afterbill_actions.exchange import NO_REPLY, NOT_SENT, Reply
from afterbill_actions.outcome import Denied, Done, Later, NeedsPerson, Refused, TaskKind
from tests.factories import ADA
from tests.unit.actions.answers import HAPPY, LINK, MARK, Desk, Wire, again, job
from tests.unit.actions.freshdesk.helpdesk import Helpdesk, reply


@pytest.fixture
def helpdesk() -> Helpdesk:
    return Helpdesk()


@pytest.fixture
def desk(helpdesk: Helpdesk) -> Desk:
    return Desk(Wire(helpdesk))


def test_an_answer_becomes_a_ticket_of_its_customer(helpdesk: Helpdesk, desk: Desk) -> None:
    record = desk.done(ticket.write, job())

    (made,) = helpdesk.tickets.values()
    assert (made["email"], made["status"], made["priority"]) == (ADA, 2, PRIORITIES["urgent"])
    assert made["tags"] == ["afterbill", MARK[:32], "NPS 3", "NPS detractor"]
    assert record == {"ticket": "1", "tags": "NPS 3|NPS detractor"}
    assert desk.most == 3


def test_the_comment_and_the_link_stand_where_agents_alone_see_them(helpdesk: Helpdesk, desk: Desk) -> None:
    desk.done(ticket.write, job())

    (note,), made = helpdesk.notes[1], helpdesk.tickets[1]
    assert "It came late." in note
    assert LINK in note
    assert "late" not in made["subject"] + made["description"]
    assert LINK not in made["description"]


def test_no_word_of_a_comment_is_markup_or_a_placeholder_there(helpdesk: Helpdesk, desk: Desk) -> None:
    desk.done(ticket.write, job(Answer(2, "<img src=x onerror=alert(1)>\n{{ticket.requester.email}} @all")))

    (note,) = helpdesk.notes[1]
    assert "Comment: &lt;img src=x onerror=alert(1)&gt;<br>{ {ticket.requester.email}} @all" in note


@pytest.mark.parametrize(
    ("rating", "priority"), [(0, "urgent"), (3, "urgent"), (4, "high"), (6, "high"), (7, "medium"), (9, "low")]
)
def test_the_priority_follows_the_score(helpdesk: Helpdesk, desk: Desk, rating: int, priority: str) -> None:
    desk.done(ticket.write, job(Answer(rating)))

    assert helpdesk.tickets[1]["priority"] == PRIORITIES[priority]


def test_a_workflow_can_say_what_a_ticket_bears(desk: Desk) -> None:
    helpdesk = desk.wire.system = Helpdesk(custom=frozenset({"cf_score"}))
    settings = {
        "priority": "low",
        "tags": ("vip, gold",),
        "subject": "Call them",
        "type": "Problem",
        "group_id": 7,
        "custom_fields": {"cf_score": "low"},
    }

    desk.done(ticket.write, job(settings=settings))

    made = helpdesk.tickets[1]
    assert made | {"priority": 1, "subject": "Call them", "type": "Problem", "group_id": 7} == made
    assert made["custom_fields"] == {"cf_score": "low"}
    assert made["tags"][-1] == "vip  gold"


def test_a_customer_without_a_mail_is_named_by_the_id_of_the_source(helpdesk: Helpdesk, desk: Desk) -> None:
    desk.done(ticket.write, job(mail_address=""))

    assert helpdesk.tickets[1]["unique_external_id"] == "7301"
    assert "email" not in desk.wire.sent[0].url


def test_somebody_whom_nothing_names_is_a_persons_task(desk: Desk) -> None:
    outcome = desk.run(ticket.write, job(mail_address="", customer_ids=()))

    assert isinstance(outcome, NeedsPerson)
    assert outcome.kind is TaskKind.RECORD_MISSING
    assert desk.wire.sent == []


def test_a_second_low_answer_becomes_a_note_in_the_ticket_that_is_open(helpdesk: Helpdesk, desk: Desk) -> None:
    helpdesk.add(tags=["afterbill", "afterbill-another"])

    record = desk.done(ticket.write, job())

    assert list(helpdesk.tickets) == [1]
    assert "NPS 3 of 10" in helpdesk.notes[1][0]
    assert record == {"ticket": "1", "shared": "yes"}


@pytest.mark.parametrize("standing", [{"status": 5, "tags": ["afterbill"]}, {"tags": ["theirs"]}])
def test_a_ticket_that_is_closed_or_none_of_ours_is_left_alone(
    helpdesk: Helpdesk, desk: Desk, standing: dict[str, object]
) -> None:
    helpdesk.add(**standing)

    desk.done(ticket.write, job())

    assert list(helpdesk.tickets) == [1, 2]
    assert list(helpdesk.notes) == [2]


def test_a_changed_answer_updates_the_ticket_and_keeps_what_others_put_there(helpdesk: Helpdesk, desk: Desk) -> None:
    first = job()
    record = desk.done(ticket.write, first)
    helpdesk.tickets[1]["tags"].append("theirs")

    record = desk.done(ticket.write, again(first, record, answer=HAPPY))

    changed = helpdesk.tickets[1]
    assert changed["tags"] == ["afterbill", MARK[:32], "theirs", "NPS 9", "NPS promoter"]
    assert changed["priority"] == PRIORITIES["low"]
    assert "NPS 9 of 10 (promoter)" in helpdesk.notes[1][1]
    assert record == {"ticket": "1", "tags": "NPS 9|NPS promoter"}


def test_a_ticket_that_somebody_closed_keeps_its_priority(helpdesk: Helpdesk, desk: Desk) -> None:
    record = desk.done(ticket.write, job())
    helpdesk.tickets[1]["status"] = 4

    desk.done(ticket.write, again(job(), record, answer=HAPPY))

    assert (helpdesk.tickets[1]["priority"], helpdesk.tickets[1]["status"]) == (4, 4)
    assert len(helpdesk.notes[1]) == 2


def test_a_changed_comment_is_one_note_and_no_other_change(helpdesk: Helpdesk, desk: Desk) -> None:
    record = desk.done(ticket.write, job())
    desk.wire.sent.clear()

    desk.done(ticket.write, again(job(), record, answer=Answer(3, "And it was broken.")))

    assert [one.method for one in desk.wire.sent] == ["GET", "POST"]
    assert "And it was broken." in helpdesk.notes[1][1]


@pytest.mark.parametrize("gone", ["deleted", "missing"])
def test_a_ticket_that_was_deleted_or_merged_away_is_a_persons_task(helpdesk: Helpdesk, desk: Desk, gone: str) -> None:
    record = desk.done(ticket.write, job())
    if gone == "deleted":
        helpdesk.tickets[1]["deleted"] = True
    else:
        del helpdesk.tickets[1]

    outcome = desk.run(ticket.write, again(job(), record, answer=HAPPY))

    assert isinstance(outcome, NeedsPerson)
    assert (outcome.kind, outcome.details) == (TaskKind.RECORD_MISSING, {"ticket": "1"})
    assert desk.run(ticket.undo, again(job(), record)) == Done()


def test_a_robots_answer_is_taken_back_once(helpdesk: Helpdesk, desk: Desk) -> None:
    record = desk.done(ticket.write, job())
    helpdesk.tickets[1]["tags"].append("theirs")
    taken = replace(again(job(), record), reason="machine")

    assert desk.run(ticket.undo, taken) == Done({"ticket": "1"})
    assert desk.run(ticket.undo, taken) == Done({"ticket": "1"})

    assert helpdesk.tickets[1]["tags"] == ["afterbill", MARK[:32], "theirs", "afterbill-taken-back"]
    assert helpdesk.tickets[1]["status"] == 5
    assert len(helpdesk.notes[1]) == 2
    assert "machine" in helpdesk.notes[1][1]


def test_a_ticket_that_somebody_works_on_is_not_closed(helpdesk: Helpdesk, desk: Desk) -> None:
    record = desk.done(ticket.write, job())
    helpdesk.tickets[1]["status"] = 3

    desk.done(ticket.undo, again(job(), record))

    assert helpdesk.tickets[1]["status"] == 3


def test_of_a_ticket_that_is_shared_only_the_note_is_taken_back(helpdesk: Helpdesk, desk: Desk) -> None:
    helpdesk.add(tags=["afterbill"])
    record = desk.done(ticket.write, job())

    desk.done(ticket.write, again(job(), record, answer=HAPPY))
    desk.done(ticket.undo, replace(again(job(), record, answer=HAPPY), reason="changed"))

    assert (helpdesk.tickets[1]["status"], helpdesk.tickets[1]["tags"]) == (2, ["afterbill"])
    assert len(helpdesk.notes[1]) == 3


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("others", [[], [{"tags": ["afterbill"]}], [{"tags": ["theirs"]}]])
def test_what_was_written_without_our_hearing_of_it_is_looked_for_and_taken_back(
    helpdesk: Helpdesk, desk: Desk, number: int, others: list[dict[str, object]]
) -> None:
    for other in others:
        helpdesk.add(**other)
    desk.wire.lose(number)
    desk.run(ticket.write, job())
    desk.wire.faults = {}
    noted = sum(map(len, helpdesk.notes.values()))

    outcome = desk.run(ticket.undo, replace(job(None), maybe=True, reason="machine"))

    assert isinstance(outcome, Done)
    assert not any(tag.startswith("NPS") for one in helpdesk.tickets.values() for tag in one["tags"])
    assert sum(map(len, helpdesk.notes.values())) == noted + bool(outcome.record)
    assert desk.most <= 3


@pytest.mark.parametrize("number", [1, 2])
def test_looking_can_fail_too(helpdesk: Helpdesk, desk: Desk, number: int) -> None:
    helpdesk.add(tags=["afterbill"])
    desk.wire.faults = {number: Reply(500)}

    assert desk.run(ticket.undo, job(None, maybe=True)) == Later("status 500")


def test_an_erasure_that_knows_no_ticket_names_the_tag_to_look_for(desk: Desk) -> None:
    outcome = desk.run(ticket.erase, job(invitation=None, mail_address="", customer_ids=(), maybe=True))

    assert isinstance(outcome, NeedsPerson)
    assert outcome.details == {"tag": MARK[:32]}


def test_an_answer_that_comes_back_after_it_was_taken_back_stands_again(helpdesk: Helpdesk, desk: Desk) -> None:
    record = desk.done(ticket.write, job())
    desk.done(ticket.undo, again(job(), record))

    desk.done(ticket.write, job())

    assert list(helpdesk.tickets) == [1]
    assert helpdesk.tickets[1]["tags"] == ["afterbill", MARK[:32], "NPS 3", "NPS detractor"]
    assert helpdesk.tickets[1]["status"] == 2


def test_erasure_lists_the_ticket_and_calls_nobody(desk: Desk) -> None:
    record = desk.done(ticket.write, job())
    desk.wire.sent.clear()

    outcome = desk.run(ticket.erase, again(job(), record))

    assert isinstance(outcome, NeedsPerson)
    assert (outcome.kind, outcome.details) == (TaskKind.ERASE_BY_HAND, {"ticket": "1"})
    assert desk.wire.sent == []
    assert desk.run(ticket.erase, job()) == Done()


def test_nothing_is_written_of_an_answer_that_is_gone(desk: Desk) -> None:
    assert desk.run(ticket.write, job(None)) == Done()
    assert desk.run(ticket.undo, job(None)) == Done()
    assert desk.wire.sent == []


FAULTS = {
    "400": (reply(400, {"errors": [{"field": "cf_gone"}]}), Refused("status 400: cf_gone")),
    "401": (Reply(401), Denied("the credentials are refused (status 401)")),
    "403": (Reply(403), Denied("the credentials lack a permission (status 403)")),
    "409": (Reply(409), Later("status 409")),
    "422": (reply(422, {"description": "ada@example.com"}), Refused("status 422")),
    "429": (
        Reply(429, b"", {"retry-after": "9"}),
        Later("the system asks for fewer requests (status 429)", timedelta(seconds=9), everybody=True),
    ),
    "429 without": (Reply(429), Later("the system asks for fewer requests (status 429)", everybody=True)),
    "500": (Reply(500), Later("status 500")),
    "503": (Reply(503, b"<html>"), Later("status 503", everybody=True)),
    "HTML": (Reply(200, b"<html>sign in</html>"), Later("status 200 without the JSON that was due")),
    "nothing": (Reply(200), Later("status 200 without the JSON that was due")),
    "no reply": (Reply(NO_REPLY), Later("no reply came")),
    "not sent": (Reply(NOT_SENT, b"no connection: X"), Later("no connection: X", everybody=True)),
    "redirect": (
        Reply(302, b"", {"location": "https://evil.example"}),
        Later("the address leads elsewhere (status 302): correct it in actions.toml"),
    ),
}


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after it wrote"])
def test_every_fault_is_told_and_a_retry_ends_with_one_ticket_and_one_note(
    helpdesk: Helpdesk, desk: Desk, number: int, name: str, after: bool
) -> None:
    fault, expected = FAULTS[name]
    desk.wire.faults, desk.wire.after = {number: fault}, after

    assert desk.run(ticket.write, job()) == expected
    desk.wire.faults = {}
    desk.done(ticket.write, job(maybe=True))

    assert list(helpdesk.tickets) == [1]
    assert len(helpdesk.notes[1]) == 1
    assert desk.most <= 3


@pytest.mark.parametrize("answer", [HAPPY, Answer(3, "Another comment.")], ids=["score", "comment"])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after it wrote"])
def test_a_change_that_fails_at_any_request_is_told_once(
    helpdesk: Helpdesk, desk: Desk, answer: Answer, number: int, after: bool
) -> None:
    record = desk.done(ticket.write, job())
    changed = again(job(), record, answer=answer)
    desk.wire.sent.clear()
    desk.wire.faults, desk.wire.after = {number: Reply(NO_REPLY)}, after

    desk.run(ticket.write, changed)
    desk.wire.faults = {}
    desk.done(ticket.write, replace(changed, maybe=True))

    assert len(helpdesk.notes[1]) == 2
    assert f"NPS {answer.rating}" in helpdesk.tickets[1]["tags"]
    assert desk.most <= 3


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after it wrote"])
def test_a_taking_back_that_fails_at_any_request_is_told_once(
    helpdesk: Helpdesk, desk: Desk, number: int, after: bool
) -> None:
    record = desk.done(ticket.write, job())
    desk.wire.sent.clear()
    desk.wire.faults, desk.wire.after = {number: Reply(500)}, after

    assert desk.run(ticket.undo, again(job(), record)) == Later("status 500")
    desk.wire.faults = {}
    desk.done(ticket.undo, replace(again(job(), record), maybe=True))

    assert len(helpdesk.notes[1]) == 2
    assert desk.most <= 3


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after it wrote"])
def test_a_note_in_a_shared_ticket_is_told_once(helpdesk: Helpdesk, desk: Desk, number: int, after: bool) -> None:
    helpdesk.add(tags=["afterbill"])
    desk.wire.faults, desk.wire.after = {number: Reply(NO_REPLY)}, after

    desk.run(ticket.write, job())
    desk.wire.faults = {}
    desk.done(ticket.write, job(maybe=True))

    assert len(helpdesk.notes[1]) == 1


def test_a_field_that_does_not_exist_is_named(desk: Desk) -> None:
    outcome = desk.run(ticket.write, job(settings={"custom_fields": {"cf_nowhere": "x"}}))

    assert outcome == Refused("status 400: cf_nowhere")


def test_a_reply_without_a_ticket_is_no_success(desk: Desk) -> None:
    desk.wire.faults = {2: reply(201, {})}

    assert desk.run(ticket.write, job()) == Later("Freshdesk's reply holds no ticket")


def test_two_workflows_that_make_a_ticket_of_one_answer_make_one(helpdesk: Helpdesk, desk: Desk) -> None:
    desk.done(ticket.write, job())
    desk.done(ticket.write, job())

    assert (list(helpdesk.tickets), len(helpdesk.notes[1])) == ([1], 1)
