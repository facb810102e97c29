"""`afterbill explain` tells how the links of a mail were used, and why a tap is no answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.answers.click_signals import Signal
from afterbill.intake.ports import FactWrites
from afterbill.model.invitation import Answer, State
from afterbill.model.visits import CondensedVisits, Integrity, Kind, Visit
from afterbill_cli.explain.commands import explain
from afterbill_cli.explain.timeline import objections, visited
from tests.contract.people import ID, customer
from tests.factories import NOON, SECOND, invitation

HOME, CLOUD = ("3f9a01c7", "safari"), ("", "")


def visit(kind, rating, seconds, who=HOME):
    return Visit(NOON + seconds * SECOND, kind, rating, *who)


def described(*visits, **changes):
    return [line for _, line in sorted(visited(invitation(visits=visits, **changes), Integrity()))]


def test_every_use_is_told_with_its_hashed_network_and_its_program():
    assert described(
        visit(Kind.AHEAD, 9, 0),
        visit(Kind.PROBED, None, 10, CLOUD),
        visit(Kind.OPENED, 9, 60),
        visit(Kind.SEEN, 9, 61),
    ) == [
        "9 fetched ahead (network 3f9a01c7, safari)",
        "link asked for by HEAD (network unknown, unknown program)",
        "9 opened (network 3f9a01c7, safari)",
        "9 seen for a moment, not sent (network 3f9a01c7, safari)",
    ]


def test_visits_that_are_no_longer_kept_are_told_together_with_what_stands_in_their_place():
    condensed = CondensedVisits(NOON, NOON + timedelta(minutes=15), 46, 2, "hidden_link hurried")

    assert described(visit(Kind.MACHINE, 1, 900), visit(Kind.GAP, None, 901, CLOUD), condensed=(condensed,)) == [
        "46 uses of links by 2 programs, until 22 Nov 12:15 UTC, no longer kept: no answer, hidden_link, hurried",
        "link used by a known machine until here (network 3f9a01c7, safari)",
        "until here so many programs used the links that not every use was kept",
    ]


def test_a_tap_that_is_no_answer_is_told_with_all_that_speaks_against_it():
    *_, last = described(visit(Kind.HIDDEN, None, 0), visit(Kind.SEEN, 9, 60), delivered_at=NOON + timedelta(minutes=2))

    assert last == (
        "9 seen for a moment, not sent (network 3f9a01c7, safari): no answer, "
        "hidden_link (its visitor opened the link that no person sees), "
        "before_delivery (the mail was not delivered yet)"
    )


@pytest.mark.parametrize("signal", Signal)
def test_every_signal_has_words(signal):
    assert objections((signal,)).startswith(f"{signal} (")


def test_an_answer_that_was_not_sent_is_called_unconfirmed(stack, capsys):
    answered = NOON + 60 * SECOND
    unsent = invitation(
        id=ID, customer_id="customer-1", state=State.SENT, sent_at=NOON, visits=(visit(Kind.SEEN, 9, 60),)
    )
    unsent = replace(unsent, answer=Answer(9, confirmed=False), answered_at=answered, answered_day="2026-11-22")
    FactsTable(stack.client("dynamodb"), "afterbill").commit(FactWrites(unsent, (customer(),)))

    assert explain(stack, ID, as_json=False) == 0

    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert "2026-11-22 12:01:00 UTC  answered 9 of 10, unconfirmed: tapped and seen" in lines
    assert "2026-11-22 12:01:00 UTC  9 seen for a moment, not sent (network 3f9a01c7, safari)" in lines
