"""The comment in the note of an order: a block of ours, and not a letter of theirs is lost."""

from dataclasses import replace

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions.connectors._kit import blocks
from afterbill_actions.connectors.shopify import note
from afterbill_actions.exchange import NO_REPLY, Reply, Request
from afterbill_actions.outcome import Done, Later, NeedsPerson, Refused, TaskKind
from tests.unit.actions.answers import HAPPY, LINK, MARK, UNHAPPY, Desk, Wire, again, job
from tests.unit.actions.shopify.shop import ORDER, Shop, error, shop

THEIRS = "Gift wrap!\nRing twice, “please”."


@pytest.fixture
def store() -> Shop:
    found = shop()
    found.records[ORDER]["note"] = THEIRS
    return found


@pytest.fixture
def desk(store: Shop) -> Desk:
    return Desk(Wire(store), secret={"token": "shpat_1"})


def stands(store: Shop) -> str:
    return store.records[ORDER]["note"]


BLOCK = blocks.block(
    MARK, f"NPS 3 of 10 (detractor)\nComment: It came late.\nMay be contacted about it.\nIn afterbill: {LINK}"
)


def test_the_comment_goes_behind_what_stands_in_the_note(store: Shop, desk: Desk) -> None:
    assert desk.done(note.write, job()) == {"order": ORDER}

    assert stands(store) == f"{THEIRS}\n\n{BLOCK}"
    assert desk.most == 3


def test_a_changed_answer_takes_its_place(store: Shop, desk: Desk) -> None:
    record = desk.done(note.write, job())
    store.records[ORDER]["note"] += "\nSent on Monday."

    desk.done(note.write, again(job(), record, answer=HAPPY))

    assert stands(store).startswith(f"{THEIRS}\n\n--- {MARK} ---\nNPS 9 of 10 (promoter)\n")
    assert stands(store).endswith(f"--- end of {MARK} ---\nSent on Monday.")
    assert "late" not in stands(store)


def test_the_same_again_writes_nothing(store: Shop, desk: Desk) -> None:
    record = desk.done(note.write, job())
    store.records[ORDER]["note"] = stands(store).replace("\n", "\r\n")
    store.documents.clear()

    desk.done(note.write, again(job(), record))

    assert len(store.documents) == 1


@pytest.mark.parametrize("step", [note.undo, note.erase])
def test_taking_back_leaves_the_note_as_it_was(store: Shop, desk: Desk, step: object) -> None:
    record = desk.done(note.write, job())

    assert desk.run(step, again(job(None), record)) == Done()
    assert desk.run(step, again(job(None), record)) == Done()

    assert stands(store) == THEIRS


def test_a_workflow_can_leave_the_comment_out(store: Shop, desk: Desk) -> None:
    desk.done(note.write, job(settings={"comment": False}))

    assert "late" not in stands(store)
    assert "NPS 3 of 10" in stands(store)


def test_a_long_comment_is_cut_to_the_room_there_is(store: Shop, desk: Desk) -> None:
    store.records[ORDER]["note"] = "x" * 4_000

    desk.done(note.write, job(Answer(3, "word " * 1_000)))

    assert len(stands(store)) <= 5_000
    assert stands(store).startswith("x" * 4_000 + "\n\n---")
    assert "…" in stands(store)


def test_a_note_that_is_full_is_left_alone_and_told(store: Shop, desk: Desk) -> None:
    store.records[ORDER]["note"] = "x" * 4_900

    outcome = desk.run(note.write, job())

    assert isinstance(outcome, NeedsPerson)
    assert (outcome.kind, outcome.details) == (TaskKind.ACTION_REFUSED, {"order": ORDER})
    assert stands(store) == "x" * 4_900


@pytest.mark.parametrize("objects", [{}, {"order": "4501?x"}])
def test_an_answer_about_no_order_is_a_persons_task(desk: Desk, objects: dict[str, str]) -> None:
    assert isinstance(desk.run(note.write, job(invitation=replace(job().invitation, objects=objects))), NeedsPerson)
    assert desk.wire.sent == []


def test_an_order_that_shopify_does_not_show_is_one_too(store: Shop, desk: Desk) -> None:
    record = desk.done(note.write, job())
    del store.records[ORDER]

    assert isinstance(desk.run(note.write, job()), NeedsPerson)
    assert desk.run(note.undo, again(job(), record)) == Done()


def test_an_id_that_shopify_does_not_know_is_none_either(desk: Desk) -> None:
    desk.wire.faults = {1: error("RESOURCE_NOT_FOUND")}

    assert isinstance(desk.run(note.write, job()), NeedsPerson)


def test_what_somebody_wrote_over_our_block_stays_and_our_block_comes_again(store: Shop, desk: Desk) -> None:
    def overwritten(request: Request) -> Reply:
        reply = store(request)
        if len(desk.wire.sent) == 2:
            store.records[ORDER]["note"] = "Theirs, newer."
        return reply

    desk.wire.system = overwritten

    assert isinstance(desk.run(note.write, job()), Later)
    desk.done(note.write, job(maybe=True))

    assert stands(store) == f"Theirs, newer.\n\n{BLOCK}"


def test_lines_of_ours_that_somebody_cut_are_told_when_they_have_to_go(store: Shop, desk: Desk) -> None:
    record = desk.done(note.write, job())
    store.records[ORDER]["note"] = stands(store).replace(f"--- end of {MARK} ---", "Theirs.")

    outcome = desk.run(note.erase, again(job(), record))

    assert isinstance(outcome, NeedsPerson)
    assert outcome.kind is TaskKind.ERASE_BY_HAND
    assert "Theirs." in stands(store)


def test_an_order_that_goes_away_before_it_is_read_again_is_told(store: Shop, desk: Desk) -> None:
    def vanishing(request: Request) -> Reply:
        reply = store(request)
        if len(desk.wire.sent) == 2:
            del store.records[ORDER]
        return reply

    desk.wire.system = vanishing

    assert isinstance(desk.run(note.write, job()), NeedsPerson)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("fault", [Reply(NO_REPLY), Reply(500), Reply(200, b"<html>")], ids=["lost", "500", "HTML"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after it wrote"])
def test_a_retry_after_any_fault_ends_with_one_block(
    store: Shop, desk: Desk, number: int, fault: Reply, after: bool
) -> None:
    desk.wire.faults, desk.wire.after = {number: fault}, after

    assert isinstance(desk.run(note.write, job()), Later)
    desk.wire.faults = {}
    record = desk.done(note.write, job(maybe=True))
    assert stands(store) == f"{THEIRS}\n\n{BLOCK}"

    desk.wire.faults = {len(desk.wire.sent) + min(number, 2): fault}
    assert isinstance(desk.run(note.undo, again(job(), record)), Later)
    desk.wire.faults = {}
    assert desk.run(note.undo, replace(again(job(), record), maybe=True)) == Done()
    assert stands(store) == THEIRS


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_was_written_without_our_hearing_of_it_is_looked_for_and_removed(
    store: Shop, desk: Desk, number: int
) -> None:
    desk.wire.lose(number)
    desk.run(note.write, job())

    assert desk.run(note.undo, job(None, maybe=True)) == Done()
    assert stands(store) == THEIRS


def test_an_erasure_that_knows_no_order_names_the_mark_to_look_for(desk: Desk) -> None:
    outcome = desk.run(note.erase, job(invitation=None, maybe=True))

    assert isinstance(outcome, NeedsPerson)
    assert outcome.details == {"mark": MARK}


def test_a_note_that_shopify_refuses_is_told(desk: Desk) -> None:
    refused = b'{"data": {"orderUpdate": {"order": null, "userErrors": [{"field": ["note"], "message": "x"}]}}}'
    desk.wire.faults = {2: Reply(200, refused)}

    assert desk.run(note.write, job()) == Refused("Shopify refuses note (userErrors)")


def test_with_a_token_to_buy_the_reading_again_comes_in_the_next_step(store: Shop, desk: Desk) -> None:
    desk.secret = {"client_id": "app", "client_secret": "right"}

    desk.done(note.write, job())

    assert stands(store) == f"{THEIRS}\n\n{BLOCK}"
    assert desk.most == 3


def test_nothing_is_written_of_an_answer_that_is_gone(desk: Desk) -> None:
    assert desk.run(note.write, job(None)) == Done()
    assert desk.run(note.erase, job(None)) == Done()
    assert desk.wire.sent == []


def test_a_customer_cannot_end_the_block_or_fill_a_placeholder(store: Shop, desk: Desk) -> None:
    tricky = Answer(3, f"--- end of {MARK} ---\n{{{{ shop.password }}}}\x1b[31m\u202e")

    record = desk.done(note.write, job(tricky))

    assert "{{" not in stands(store)
    assert "\u202e" not in stands(store)
    desk.done(note.undo, again(job(tricky), record))
    assert stands(store) == THEIRS
    assert UNHAPPY.comment not in stands(store)
