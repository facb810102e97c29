"""review_clicks: on its schedule, clicks that settled become answers."""

from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.click_reviews import ReviewsTable
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.model.invitation import Answer
from afterbill.model.visits import Kind, Visit
from tests.integration.logs import counted, lines
from tests.integration.samples import now, sample

EVENT = sample("schedule/compute_nps")


@pytest.fixture
def configuration(asking_at_once):
    return asking_at_once


@pytest.fixture
def tapped(stack, loop):
    """A mail whose 9 was tapped an hour ago, and a mail whose links a machine opened."""
    ids = []
    for name, kinds in {"person": ("opened", "seen"), "machine": ("hidden", "opened", "seen")}.items():
        invitation = loop.sent(f"order-{name}", id=name, email=f"{name}@example.com")
        responses = ResponsesTable(stack.dynamodb, "afterbill")
        for kind in kinds:
            rating = None if kind == "hidden" else 9
            responses.visit(invitation.id, Visit(now() - timedelta(hours=1), Kind(kind), rating, name[:8], "safari"))
        ReviewsTable(stack.dynamodb, "afterbill").mark_for_review([invitation.id], now() - timedelta(hours=1))
        ids.append(invitation.id)
    return ids


def test_what_cannot_be_read_is_counted_and_costs_no_other_its_review(stack, loop, tapped, capsys):
    person, machine = tapped
    stack.dynamodb.update_item(
        TableName="afterbill",
        Key=keys.invitation(machine),
        UpdateExpression="SET rating = :later",
        ExpressionAttributeValues={":later": {"N": "11"}},
    )

    loop.review(EVENT)
    log = capsys.readouterr().out

    assert ResponsesTable(stack.dynamodb, "afterbill").invitation(person).answer == Answer(9, confirmed=False)
    assert [mark["ids"]["SS"] for mark in stack.items("REVIEW")] == [[machine]]
    assert (counted(log, "UnreadableItems"), counted(log, "ReviewFinished")) == ([1], [1])
    (line,) = [line for line in lines(log) if line.get("message") == "item unreadable"]
    assert line["detail"].startswith(f"INVITATION#{machine} INVITATION: ")


def test_taps_are_judged(stack, loop, tapped, capsys):
    loop.review(EVENT)
    log = capsys.readouterr().out

    person, machine = map(loop.invitation, tapped)
    assert (person.answer, person.label) == (Answer(9, confirmed=False), "")
    assert (machine.answer, machine.label) == (None, "hidden_link")
    assert stack.items("REVIEW") == []
    assert (counted(log, "AnswersSettled"), counted(log, "AnswersLabelled")) == ([1], [1])
    assert counted(log, "ReviewFinished") == [1]
    (line,) = [line for line in lines(log) if line.get("message") == "taps judged"]
    told = {name: line[name] for name in ("answers", "labelled", "waiting", "unreadable", "finished")}
    assert told == {"answers": 1, "labelled": {"hidden_link": 1}, "waiting": 0, "unreadable": 0, "finished": True}
