"""Attempts of which nobody can hear the end, as a job tells of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions.connection import Connection
from afterbill_actions.effects import UNSURE, Effects, Written
from afterbill_actions.job import job_of_text, plan
from afterbill_actions.outbox import Entry, Operation, place_of
from afterbill_actions.ports import Snapshot
from afterbill_actions.version import version_of
from tests.factories import NOON, invitation

EFFECT, ANSWER = "everybody/teams.message", Answer(3)
ENTRY = Entry(
    "teams",
    place_of(NOON, "i1", EFFECT),
    EFFECT,
    Operation.WRITE,
    NOON,
    invitation_id="i1",
    version=version_of(ANSWER),
    attempts=1,
)
CUT_OFF = replace(ENTRY, claimed_at=NOON)
FORCED = replace(ENTRY, forced_at=NOON + timedelta(minutes=1))


def lost(entry: Entry, version: str = "") -> bool:
    there = {EFFECT: Written("teams", "message", version, NOON, {})} if version else {}
    asked = invitation(id="i1", answer=ANSWER)
    snapshot = Snapshot(asked, None, effects=Effects("i1", written=there))
    return plan(entry, snapshot, Connection("teams", "teams", "https://teams.example", 60), {}, "").lost


def test_an_attempt_that_was_refused_is_not_lost():
    assert not lost(ENTRY)


def test_an_attempt_that_was_cut_off_is():
    assert lost(CUT_OFF)


@pytest.mark.parametrize(("entry", "expected"), [(ENTRY, True), (FORCED, False)])
def test_an_earlier_writing_of_which_nobody_heard_is_until_a_person_repeats_it(entry, expected):
    assert lost(entry, UNSURE) is expected


@pytest.mark.parametrize(("entry", "expected"), [(ENTRY, False), (CUT_OFF, True)])
def test_a_text_is_told_again_unless_it_was_cut_off(entry, expected):
    assert job_of_text(entry, {}, "").lost is expected
