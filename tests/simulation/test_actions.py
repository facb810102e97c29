"""Whatever systems answer and wherever processes end: each system holds exactly what it should, once.

What that is follows from the last answers alone, by a few lines that share no code with actions.
"""

import heapq
import random
from bisect import bisect_left
from collections import Counter
from datetime import timedelta

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions.outbox import EntryState, Operation
from tests.simulation.action_systems import AFTER, BEFORE
from tests.simulation.action_town import HOUR, MINUTE, PER_MINUTE, SECOND, Town, configuration

ANSWERS, CHANGES, WRITERS = 1000, 500, 8


def planned(seed):
    """Eight writers, each with answers of its own, of which half are changed: soon, later, back again, or withdrawn."""
    chance, plan = random.Random(f"plan {seed}"), []
    changed = set(chance.sample(range(ANSWERS), CHANGES))
    for number in range(ANSWERS):
        writer = number % WRITERS
        at = chance.uniform(0, 1800) + writer
        moments = [at] + ([at + chance.choice((1, 29, 31, 300, 3600)) * chance.random()] if number in changed else [])
        moments += [moments[-1] + chance.uniform(1, 600)] if number in changed and chance.random() < 0.3 else []
        for turn, moment in enumerate(moments):
            gone = turn > 0 and chance.random() < 0.1
            answer = None if gone else Answer(chance.randrange(11), f"turn {turn}", confirmed=chance.random() < 0.9)
            plan.append((timedelta(seconds=moment), f"invitation-{number:04}", answer))
    return plan


def expected(plan):
    """The words for each mark, by system: of the last answer, low ones alone for helpdesk and chat."""
    last = {}
    for _, id_, answer in sorted(plan, key=lambda one: one[0]):
        last[f"afterbill-{id_}"] = answer
    words = {mark: f"{answer.rating} {answer.comment}" for mark, answer in last.items() if answer}
    low = {mark: text for mark, text in words.items() if int(text.split()[0]) <= 6}
    return words, low


def played(seed, trouble=0.25, kills=0.001):
    """The town after everything came to rest: first in trouble, then in peace."""
    town, plan = Town(seed, kills, others=0.02), planned(seed)
    town.plan = [(town.now + at, number, id_, answer) for number, (at, id_, answer) in enumerate(plan)]
    heapq.heapify(town.plan)
    for system in town.systems.values():
        system.trouble = trouble
    end = town.now + 3 * HOUR
    while town.now < end:
        pause = town.now + 2 * MINUTE
        town.run(until=lambda pause=pause: town.now >= pause)
        town.now = max(town.now, pause)
        town.look_after()
    for system in town.systems.values():
        system.trouble = 0.0
    town.kills = town.others = 0.0
    while town.look_after() or town.entries(EntryState.OPEN) or town.queue:
        town.run()
    return town, plan


@pytest.fixture(scope="module", params=[1, 2])
def after(request):
    return played(request.param)


def test_each_system_holds_exactly_what_it_should_once(after):
    town, plan = after
    words, low = expected(plan)

    assert sorted(town.systems["helpdesk"].held.values()) == sorted(low.items())
    assert sorted(town.systems["shop"].held.values()) == sorted(words.items())


def test_what_can_neither_be_searched_nor_repeated_is_never_there_twice(after):
    town, plan = after
    _, low = expected(plan)
    messages = town.systems["chat"].held.values()
    told = {task.details["invitation"] for task, _ in town.table.tasks.values() if task.details["connection"] == "chat"}
    untold = {mark: text for mark, text in low.items() if mark.removeprefix("afterbill-") not in told}

    assert max(Counter(mark for mark, _ in messages).values()) == 1
    assert {mark: text for mark, text in messages if mark in untold} == untold
    assert {mark for mark, text in messages if text == "taken back"}.isdisjoint(untold)


def test_nothing_older_is_written_over_something_newer(after):
    town, _ = after
    for system in town.systems.values():
        turns = {}
        for mark, text in system.log:
            turn = int(text.split()[-1]) if text != "taken back" else turns.get(mark, 0)
            assert turn >= turns.get(mark, 0)
            turns[mark] = turn


def test_no_system_is_asked_more_often_than_it_allows(after):
    town, _ = after
    for name, system in town.systems.items():
        assert most_in_a_minute(system.asked) <= PER_MINUTE[name]


def test_every_kind_of_trouble_was_met(after):
    town, _ = after
    moods = sum((system.moods for system in town.systems.values()), Counter())

    assert {f"before: {reply.status}" for reply in BEFORE} <= moods.keys()
    assert {f"after: {reply.status}" for reply in AFTER} <= moods.keys()
    assert moods["slow"]


def test_what_is_over_names_no_customer_and_nothing_is_left_to_do(after):
    town, _ = after

    assert not town.entries(EntryState.OPEN, EntryState.PARKED)
    assert not any(entry.customer_id or entry.content for entry in town.outbox.held.values())


def most_in_a_minute(moments):
    """The most of these moments that lie within any sixty seconds."""
    ordered = sorted(moments)
    return max(at + 1 - bisect_left(ordered, moment - MINUTE) for at, moment in enumerate(ordered))


# Every single call


def small(at=None, trouble=None):
    """A low answer that is changed to another, then to a high one, then back."""
    town = Town(at=at)
    for turn, rating in enumerate((3, 2, 9, 1)):
        town.answer("invitation-0001", Answer(rating, f"turn {turn}"))
        if turn:
            town.run(until=lambda: not town.stream and not any(one.open for one in ()), most=20 * SECOND * turn)
    town.run()
    while town.look_after():
        town.run()
    return town


def holds(town):
    return {name: sorted(system.held.values()) for name, system in town.systems.items()}


CALLS = small().calls


@pytest.mark.parametrize("half", [0, 0.5], ids=["before", "after"])
def test_killed_at_any_call_it_ends_the_same(half):
    right = [("afterbill-invitation-0001", "1 turn 3")]
    for call in range(1, CALLS + 1):
        town = small(at=call + half)
        chat = holds(town).pop("chat")
        assert {"helpdesk": right, "shop": right} == {name: holds(town)[name] for name in ("helpdesk", "shop")}, call
        assert chat == right or (len(chat) <= 1 and town.table.tasks), call
