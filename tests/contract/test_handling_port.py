"""Answers with what operators do about them, in memory and in DynamoDB."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.answered import AnsweredTable
from afterbill.adapters.dynamodb.items import stamp
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.adapters.dynamodb.restrictions import RestrictionsTable
from afterbill.answers.read_responses import Place
from afterbill.intake.ports import FactWrites
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Answer, State
from afterbill.model.privacy import Person
from afterbill_cli.memory.handled import MemoryAnswers, MemoryHandlings
from afterbill_cli.memory.people import MemoryPeople
from afterbill_console.adapters.answers import AnswersTable, HandlingsTable
from afterbill_console.people import handling as bounds
from afterbill_console.people.handling import UNHANDLED, Handling, Note
from tests.contract.conftest import TABLE
from tests.contract.erasing import on_aws
from tests.contract.people import ID, NOW, OTHER_ID, customer, invitation

WHO, COLLEAGUE = "operator-1", "operator-2"


@pytest.fixture
def answers(world):
    return AnswersTable(AnsweredTable(world.dynamodb, TABLE)) if world.dynamodb else MemoryAnswers(world.facts)


@pytest.fixture
def handlings(world):
    return HandlingsTable(AnsweredTable(world.dynamodb, TABLE)) if world.dynamodb else MemoryHandlings(world.facts)


@pytest.fixture
def restrictions(world):
    return RestrictionsTable(world.dynamodb, TABLE) if world.dynamodb else world.facts


@pytest.fixture(autouse=True)
def one(world):
    known = replace(customer(), version=0)
    kept = invitation(ID, customer_id=known.id, state=State.SENT, sent_at=NOW)
    kept = replace(kept, answer=Answer(3, "Zu teuer"), answered_at=NOW, answered_day=NOW.date().isoformat())
    assert world.facts.commit(FactWrites(kept, customers=(known,)))
    return kept


def handling(answers, id_=ID):
    return answers.read([id_]).answers[id_].handling


def test_answers_of_a_day_are_found_and_read(answers, one):
    found = answers.answered(Place(NOW.date()))

    assert ([brief.id for brief in found.briefs], found.more, found.earlier) == ([ID], False, None)
    assert answers.read([ID, OTHER_ID]).answers[ID].response == one
    assert answers.read([ID, OTHER_ID]).moments == {ID: stamp(one.answered_at)}
    assert OTHER_ID not in answers.read([ID, OTHER_ID]).answers


def test_nobody_did_anything_about_a_new_answer(answers):
    assert handling(answers) == UNHANDLED
    assert not handling(answers).read


def test_an_answer_is_read_and_unread(answers, handlings):
    assert handlings.mark_read(ID, WHO, NOW, read=True)
    assert handling(answers) == Handling(read_at=NOW, read_by=WHO)

    assert handlings.mark_read(ID, WHO, NOW, read=False)
    assert handling(answers) == UNHANDLED


def test_tags_take_the_place_of_others(answers, handlings):
    assert handlings.set_tags(ID, ["Preis", "rückrufen"])
    assert handlings.set_tags(ID, ["Preis"])
    assert handling(answers).tags == ("Preis",)

    assert handlings.set_tags(ID, [])
    assert handling(answers) == UNHANDLED


def test_notes_stand_in_the_order_in_which_they_came(answers, handlings):
    later = NOW + timedelta(minutes=1)
    assert handlings.add_note(ID, WHO, NOW, "Angerufen, niemand da.")
    assert handlings.add_note(ID, COLLEAGUE, later, "Ruft zurück.")

    notes = (Note(NOW, WHO, "Angerufen, niemand da."), Note(later, COLLEAGUE, "Ruft zurück."))
    assert handling(answers).notes == notes


def test_what_one_does_leaves_alone_what_others_did(answers, handlings):
    handlings.add_note(ID, WHO, NOW, "Eine Notiz")
    handlings.set_tags(ID, ["Preis"])
    handlings.mark_read(ID, COLLEAGUE, NOW, read=True)

    assert handling(answers) == Handling(NOW, COLLEAGUE, ("Preis",), (Note(NOW, WHO, "Eine Notiz"),))


def test_an_answer_takes_so_many_notes_and_no_more(answers, handlings):
    added = [handlings.add_note(ID, WHO, NOW, f"{number}") for number in range(bounds.MOST_NOTES + 1)]

    assert added == [True] * bounds.MOST_NOTES + [False]
    assert handling(answers).notes[-1].text == f"{bounds.MOST_NOTES - 1}"


def test_notes_leave_room_for_what_the_customer_does(answers, handlings):
    long = "\N{GRINNING FACE}" * bounds.LONGEST_NOTE
    added = [handlings.add_note(ID, WHO, NOW, long) for _ in range(bounds.MOST_NOTES)]

    assert sum(added) == bounds.MOST_BYTES // len(long.encode())
    assert len(handling(answers).notes) == sum(added)


def test_nothing_is_noted_where_nobody_answered(world, answers, handlings):
    assert world.facts.commit(FactWrites(invitation(OTHER_ID, objects={})))

    done = [
        handlings.mark_read(OTHER_ID, WHO, NOW, read=True),
        handlings.set_tags(OTHER_ID, ["a"]),
        handlings.add_note(OTHER_ID, WHO, NOW, "a"),
        handlings.add_note("f" * 32, WHO, NOW, "a"),
    ]
    assert done == [False] * 4
    assert handling(answers, OTHER_ID) == UNHANDLED


def test_who_is_restricted_is_told_with_the_answers(answers, restrictions, one):
    restrictions.set_restricted(one.customer_id, NOW)
    assert set(answers.read([ID]).restricted) == {one.customer_id}

    restrictions.set_restricted(one.customer_id, None)
    assert set(answers.read([ID]).restricted) == set()


def test_what_is_not_restricted_is_not_listed(answers, restrictions):
    assert not restrictions.set_restricted("nobody", NOW)

    assert set(answers.read([ID]).restricted) == set()


def test_an_answer_that_cannot_be_read_says_so(world, answers):
    if world.dynamodb:
        values = {":one": {"S": "from the future"}}
        key = {"pk": {"S": f"INVITATION#{ID}"}, "sk": {"S": "INVITATION"}}
        names = {"#state": "state"}
        world.dynamodb.update_item(
            TableName=TABLE,
            Key=key,
            UpdateExpression="SET #state = :one",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )
    else:
        world.facts.unreadable.add(ID)

    assert isinstance(answers.read([ID]).answers[ID], UnreadableError)


def test_a_person_has_what_was_noted_about_them(world, handlings, one):
    handlings.add_note(ID, WHO, NOW, "Ruft zurück.")
    handlings.set_tags(ID, ["Preis"])
    people = PeopleTable(world.dynamodb, TABLE) if world.dynamodb else MemoryPeople(world.facts)

    (noted,) = people.person(one.customer_id).noted.values()
    assert noted == {"tags": ["Preis"], "notes": [{"at": stamp(NOW), "who": WHO, "text": "Ruft zurück."}]}


def test_an_erasure_takes_everything_with_it(aws_world, aws):
    """At the same moment: no note can come in between."""
    table = AnsweredTable(aws_world.dynamodb, TABLE)
    one = replace(invitation(ID, state=State.SENT, sent_at=NOW, sent_day="2026-11-22"), answer=Answer(3))
    one = replace(one, customer_id="customer-1", answered_at=NOW, answered_day="2026-11-22")
    aws_world.facts.commit(FactWrites(one))
    assert HandlingsTable(table).add_note(ID, WHO, NOW, "zq7-note")

    on_aws(aws_world, aws).answers.forget(Person("customer-1", invitations={ID: one}))

    assert "zq7-note" not in repr(aws_world.dynamodb.scan(TableName=TABLE)["Items"])
    assert not HandlingsTable(table).add_note(ID, WHO, NOW, "zq7-note")
