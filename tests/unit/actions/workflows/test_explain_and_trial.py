"""Explanations of a response, and trials of a workflow."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from afterbill.model.invitation import Answer
from afterbill.model.questions import Category, Question
from afterbill_actions.connection import Connection
from afterbill_actions.connector import Action, Connector, Job, Open, Step
from afterbill_actions.events import EventType
from afterbill_actions.exchange import NOT_SENT, Reply
from afterbill_actions.explain import Explained, entries_about, explain
from afterbill_actions.outcome import Denied, Done, GoesOn, NeedsPerson, Outcome, Refused, TaskKind, Unclear
from afterbill_actions.trial import TrialDeps, Tried, made_up, run_trial
from afterbill_actions.workflow import MOST_VERSIONS, ActionOf, Configuration, When, Workflow
from tests.factories import DAY, HOUR
from tests.unit.actions.workflows.workflow_world import ID, NOW, NoSettings, World, answered

LOW = Workflow("unhappy", When(ratings=frozenset(range(7))), [ActionOf("helpdesk", "note")])
HIGH = Workflow("happy", When(ratings=frozenset({9, 10})), [ActionOf("chat", "note")])


@pytest.fixture
def world() -> World:
    return World({"unhappy": LOW, "happy": HIGH})


def explained(world: World) -> Explained:
    snapshot = world.snapshot(ID)
    assert snapshot
    return explain(snapshot, world.configuration, world.seen.since)


def test_it_says_which_workflows_fire_and_why_the_others_do_not(world: World) -> None:
    world.publish(world.answer(Answer(3)))
    unhappy, happy = explained(world).workflows

    assert (unhappy.fires, happy.fires) == (True, False)
    assert happy.findings[0].why == "the rating is 3, wanted: 9, 10"
    assert (happy.against, happy.since) == ("", world.seen.since["happy"])


def test_it_says_what_speaks_against_the_whole_response(world: World) -> None:
    world.stands(answered(3, customer_id=""))
    assert {one.against for one in explained(world).workflows} == {"it is anonymous: nobody knows whose it is"}
    assert not any(one.fires for one in explained(world).workflows)


def test_it_says_that_the_answer_is_older_than_the_workflow(world: World) -> None:
    world.seen.since["unhappy"] = NOW + HOUR
    world.publish(world.answer(Answer(3)))
    against = explained(world).workflows[0].against
    assert against == "it was answered before this workflow was deployed, 2026-11-26 13:00 UTC"


def test_it_says_which_systems_know_nothing_of_the_source(world: World) -> None:
    shop = replace(world.configuration.connections["helpdesk"], source="another", exclusive=True)
    world.configuration = replace(
        world.configuration, connections={**world.configuration.connections, "helpdesk": shop}
    )
    world.publish(world.answer(Answer(3)))
    unhappy, happy = explained(world).workflows
    assert (list(unhappy.foreign), list(happy.foreign)) == (list(LOW.do), [])


def test_it_says_that_nobody_has_seen_the_workflow(world: World) -> None:
    del world.seen.since["unhappy"]
    world.publish(world.answer(Answer(3)))
    against = explained(world).workflows[0].against
    assert against == "no function has seen this workflow yet: it is not deployed, or nothing happened since"


def test_it_says_that_a_response_changes_without_end(world: World) -> None:
    for number in range(MOST_VERSIONS + 1):
        world.publish(world.answer(Answer(3, str(number))))
    assert explained(world).workflows[0].against.startswith("it has more than 20 versions")


def test_it_says_what_workflows_have_not_looked_at(world: World) -> None:
    assert explained(world).waits == ""
    change = world.answer(Answer(3))
    assert explained(world).waits == "it was not published: there is no answer, or its publication is under way"
    world.publish(change)
    assert explained(world).waits == ""
    world.answer(Answer(9))
    assert explained(world).waits == "its newest version is not published yet"


def test_entries_about_a_response_are_found_among_those_of_others(world: World) -> None:
    world.publish(world.answer(Answer(3)))
    world.rest()
    mine = [*world.outbox.held.values()]
    others = [
        replace(mine[0], invitation_id="cd" * 16, place=f"{mine[0].place[:-1]}{number:03}") for number in range(250)
    ]
    world.outbox.put(others)
    world.now += DAY
    world.publish(world.answer(Answer(9)))
    world.rest()
    snapshot = world.snapshot(ID)
    assert snapshot

    found = list(entries_about(world.outbox, world.configuration.connections, snapshot))
    assert [(entry.connection, str(entry.operation)) for entry in found] == [
        ("chat", "write"),
        ("helpdesk", "write"),
        ("helpdesk", "undo"),
    ]


def test_entries_are_looked_for_among_five_thousand_of_each_connection(world: World) -> None:
    world.publish(world.answer(Answer(3)))
    world.rest()
    (mine,) = world.outbox.held.values()
    others = [replace(mine, invitation_id="cd" * 16, place=f"{mine.place}{number:04}") for number in range(5_000)]
    last = replace(mine, place=f"{mine.place}9999")
    world.outbox.held = {(entry.connection, entry.place): entry for entry in [mine, *others, last]}
    world.outbox.places["helpdesk"] = [place for _, place in world.outbox.held]
    snapshot = world.snapshot(ID)
    assert snapshot

    assert list(entries_about(world.outbox, ["helpdesk"], snapshot)) == [mine]


def test_without_an_answer_there_are_no_entries(world: World) -> None:
    snapshot = world.snapshot(ID)
    assert snapshot
    assert list(entries_about(world.outbox, world.configuration.connections, snapshot)) == []


# Trials


def trial(workflow: Workflow, write: Step, erase: Step, secret: Mapping[str, str] | None = None) -> list[Tried]:
    settings = {"test_order": "4711", "test_customer": "88", "test_email": "team@example.com", "shop": "acme"}
    connection = Connection("shop", "shop", "https://x.example", 60, "shop", settings)
    action = Action(NoSettings, write, erase, erase, tell=write)
    shop = Connector("shop", "Shop", NoSettings, (frozenset({"key"}),), {"note": action}, lambda _open: Done(), 60, ())
    deps = TrialDeps(
        connector=lambda _name: shop,
        secret=lambda _connection: {"key": "secret"} if secret is None else secret,
        send=lambda _request: Reply(NOT_SENT),
        link=lambda id_: f"https://console.example/{id_}",
    )
    return list(run_trial(workflow, Configuration({"shop": connection}), deps, ID, NOW))


NOTE = Workflow("w", When(), [ActionOf("shop", "note")])


def erased(_job: Job, _open: Open) -> Outcome:
    return Done()


def test_a_trial_writes_to_the_test_record_and_removes_what_it_wrote() -> None:
    seen: list[Job] = []

    def step(job: Job, _open: Open) -> Outcome:
        seen.append(job)
        return Done({"note": "7"})

    (tried,) = trial(NOTE, step, step)
    write, erase = seen
    assert tried.succeeded
    assert write.mark == f"afterbill-{ID}"
    assert write.invitation
    assert write.invitation.objects == {"order": "4711", "customer": "88"}
    assert (write.customer_ids, write.mail_address, write.link) == (
        ("88",),
        "team@example.com",
        f"https://console.example/{ID}",
    )
    assert erase.written
    assert (erase.written.record, erase.reason) == ({"note": "7"}, "erased")


def test_an_action_of_several_parts_is_carried_out_whole() -> None:
    def write(job: Job, _open: Open) -> Outcome:
        return Done({"all": "yes"}) if job.written else GoesOn({"half": "yes"})

    (tried,) = trial(NOTE, write, erased)
    assert tried.written == Done({"all": "yes"})


@pytest.mark.parametrize("outcome", [Refused("no such field"), Denied("401")])
def test_what_was_not_written_is_not_removed(outcome: Outcome) -> None:
    (tried,) = trial(NOTE, lambda _job, _open: outcome, erased)
    assert (tried.written, tried.removed, tried.succeeded) == (outcome, None, False)


def test_what_may_have_been_written_is_looked_for_and_removed() -> None:
    def erase(job: Job, _open: Open) -> Outcome:
        assert job.maybe
        assert job.written is None
        return Done()

    (tried,) = trial(NOTE, lambda _job, _open: Unclear("no reply"), erase)
    assert (tried.removed, tried.succeeded) == (Done(), False)


def test_what_stays_there_is_told() -> None:
    remains = NeedsPerson(TaskKind.ERASE_BY_HAND, "delete the ticket")
    (tried,) = trial(NOTE, lambda _job, _open: Done({"id": "1"}), lambda _job, _open: remains)
    assert (tried.removed, tried.succeeded) == (remains, False)


def test_a_connection_without_its_secret_is_not_called() -> None:
    (tried,) = trial(NOTE, erased, erased, secret={})
    assert tried.written == Denied("no secret is stored: run `afterbill connect shop`")


def test_a_workflow_about_no_answer_tells_of_a_made_up_event() -> None:
    def tell(job: Job, _open: Open) -> Outcome:
        return Done({"title": str(job.text["title"])})

    silence = Workflow("w", When(events=(EventType.SOURCE_SILENT,)), [ActionOf("shop", "note")])
    (tried,) = trial(silence, tell, erased)
    assert (tried.written, tried.removed, tried.succeeded) == (Done({"title": "No events from test"}), None, True)


@pytest.mark.parametrize(
    ("when", "rating", "question"),
    [
        (When(), 0, Question.NPS),
        (When(ratings=frozenset({7, 9})), 7, Question.NPS),
        (When(categories=frozenset({Category.PROMOTER})), 9, Question.NPS),
        (When(questions=frozenset({Question.CSAT}), categories=frozenset({Category.PROMOTER})), 4, Question.CSAT),
    ],
)
def test_a_made_up_answer_meets_the_conditions_on_rating_and_question(
    when: When, rating: int, question: Question
) -> None:
    invitation = made_up(when, ID, NOW)
    assert invitation.answer
    assert (invitation.answer.rating, invitation.question) == (rating, question)


def test_a_made_up_answer_has_a_comment_unless_there_must_be_none() -> None:
    with_words, without = made_up(When(), ID, NOW).answer, made_up(When(comment=False), ID, NOW).answer
    assert with_words
    assert without
    assert (bool(with_words.comment), without.comment) == (True, "")


def test_an_action_that_never_ends_is_given_up_and_removed() -> None:
    (tried,) = trial(NOTE, lambda _job, _open: GoesOn({"half": "yes"}), erased)
    assert (tried.written, tried.removed, tried.succeeded) == (GoesOn({"half": "yes"}), Done(), False)
