"""Whatever systems answer and wherever processes end: each system holds exactly what it should, once.

What that is follows from the last answers alone, by a few lines that share no code with actions.
"""

import heapq
import random
from bisect import bisect_left
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions.exchange import Reply
from afterbill_actions.outbox import Entry, EntryState, Operation, place_of
from afterbill_actions.version import version_of
from tests.simulation.action_systems import AFTER, BEFORE
from tests.simulation.action_town import DAY, HOUR, MINUTE, PER_MINUTE, SECOND, Town, configuration

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


def small(at=None):
    """A low answer that is changed to another before it was looked at, then to a high one, then back."""
    town = Town(at=at)
    for turn, rating in enumerate((3, 2, 9, 1)):
        town.answer("invitation-0001", Answer(rating, f"turn {turn}"))
        town.run(most=MINUTE if turn else SECOND)
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


# Loads


def put_at_once(town, number, connection="helpdesk"):
    """As many low answers of as many customers, all due now."""
    for each in range(number):
        id_ = f"invitation-{each:05}"
        town.answer(id_, Answer(3, "turn 0"))
        town.stream.clear()
        version = version_of(town.table.invitations[id_].answer)
        town.effects.mark_published(id_, version, town.now, town.now + DAY)
        effect = f"{'all' if connection == 'shop' else 'low'}/{connection}.put"
        place = place_of(town.now + each * timedelta(microseconds=1), f"{id_}:{version}", effect)
        town.outbox.put([Entry(connection, place, effect, Operation.WRITE, town.now, id_, version, f"customer-{each}")])
    town.wakes.drain(connection)


def test_ten_thousand_answers_at_once_are_drained_in_order_and_none_is_lost():
    town = Town(configuration=configuration(helpdesk=100))
    put_at_once(town, 10_000)

    town.run(most=DAY)

    helpdesk = town.systems["helpdesk"]
    assert [mark for mark, _ in helpdesk.log] == [f"afterbill-invitation-{each:05}" for each in range(10_000)]
    assert most_in_a_minute(helpdesk.asked) <= 100
    assert helpdesk.asked[-1] - helpdesk.asked[0] < 125 * MINUTE


def test_one_slow_system_delays_no_other():
    town = Town(configuration=configuration(helpdesk=100))
    put_at_once(town, 50)
    put_at_once(town, 50, "shop")
    done_meanwhile = []

    def slowly(request, answer=town.systems["helpdesk"].send):
        town.wakes.drain("shop")
        town.depth += 1
        while town.step():
            pass
        done_meanwhile.append(len(town.systems["shop"].log))
        return answer(request)

    town.systems["helpdesk"].send = slowly
    town.run(until=lambda: bool(town.systems["helpdesk"].log))

    assert done_meanwhile[0] == 50


def test_a_revoked_token_rings_once_and_waits_for_somebody_to_connect_again():
    town = Town()
    town.systems["helpdesk"].revoked = True
    put_at_once(town, 50)

    town.run(most=2 * DAY)
    asked = len(town.systems["helpdesk"].asked)
    town.wakes.drain("helpdesk")
    town.run(most=2 * DAY)

    assert (asked, len(town.systems["helpdesk"].asked), town.denials) == (1, 1, 1)
    assert town.connections.state("helpdesk").denied == "401"
    assert len(town.entries(EntryState.OPEN)) == 50
    town.look_after()
    town.run(most=2 * DAY)
    assert len(town.systems["helpdesk"].held) == 50


def test_a_system_that_is_away_is_asked_ever_more_seldom_and_what_fails_for_a_day_is_parked():
    town = Town()
    town.systems["helpdesk"].send = lambda _request: (town.systems["helpdesk"].asked.append(town.now), Reply(503))[1]
    put_at_once(town, 50)

    town.run(most=3 * DAY)

    asked = town.systems["helpdesk"].asked
    assert len([at for at in asked if at > asked[0] + DAY]) < 100
    assert town.entries(EntryState.PARKED)
    assert not town.entries(EntryState.DONE)


def test_the_entries_of_one_customer_keep_their_order_while_others_go_on():
    town = Town()
    replies = iter([Reply(503)])
    helpdesk = town.systems["helpdesk"]
    answer = helpdesk.send
    helpdesk.send = lambda request: next(replies, None) or answer(request)
    put_at_once(town, 3)
    entries = [replace(entry, customer_id="ada" if number < 2 else "bo") for number, entry in enumerate(held(town))]
    town.outbox.held |= {(entry.connection, entry.place): entry for entry in entries}

    town.run(most=DAY)

    assert [mark[-1] for mark, _ in helpdesk.log] == ["2", "0", "1"]


def held(town):
    return list(town.outbox.held.values())
