"""Answers from elsewhere: stored once, as they were given, by whom the table knows."""

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest

from afterbill.answers.external import COLLECTED, ExternalResponse
from afterbill.model.anonymous import tombstone
from afterbill.model.channels import Channel
from afterbill.model.customer import Customer
from afterbill.model.errors import TransientError
from afterbill.model.invitation import COMMENT_LENGTH, Answer, State
from afterbill.model.questions import Question
from afterbill_cli.importing import import_responses as service
from afterbill_cli.importing.import_responses import Outcome, Response, ResponseImportDeps, import_responses
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, HOUR, NOON, hash_alias
from tests.unit.loop.crashes import FAULTS, Saboteur, SimulatedCrash, Spoiled

ADA, KENJI = "stripe#K-1001", "stripe#K-1002"
THEN = NOON - 90 * DAY
MANY = 250


def response(number=1, rating=9, alias="", address_hash="", **changes):
    fields = {
        "id": f"{number:032x}",
        "fact": f"import|delighted|{number}",
        "channel": Channel.IMPORT,
        "source": "delighted",
        "touchpoint": "relationship",
        "stage": "loyalty",
        "answer": Answer(rating, changes.pop("comment", "")),
        "answered_at": THEN,
        "day": "2026-08-24",
    }
    return Response(ExternalResponse(**fields | changes), alias, address_hash)


@dataclass
class Table(MemoryTable):
    """Counts its calls, and lets others be faster."""

    calls: Counter = field(default_factory=Counter)
    meanwhile: list = field(default_factory=list)

    def customer_ids(self, aliases):
        self.calls["owners"] += 1
        return super().customer_ids(aliases)

    def responses(self, ids):
        self.calls["responses"] += 1
        return super().responses(ids)

    def store(self, rewrites):
        self.calls["store"] += 1
        if self.meanwhile:
            self.meanwhile.pop(0)(self)
        return super().store(rewrites)


def run(table, *responses, now=NOON, replace_=False, **more):
    imported = import_responses(responses, ResponseImportDeps(table, hash_alias, now, replace_, **more))
    assert imported.left == ()
    return Counter(imported.outcomes.values())


def only(table):
    [one] = table.invitations.values()
    return one


def test_an_answer_is_stored_closed_and_at_its_own_time():
    table = Table()

    assert run(table, response(rating=0, comment="=1+1")) == {Outcome.STORED: 1}

    one = only(table)
    assert (one.answer, one.answered_at, one.answered_day) == (Answer(0, "=1+1"), THEN, "2026-08-24")
    assert (one.state, one.reason, one.channel, one.source) == (State.CLOSED, COLLECTED, "import", "delighted")
    assert (one.sent_day, one.customer_id, one.created_at) == ("", "", NOON)


def test_nothing_is_no_call():
    table = Table()
    assert run(table) == {}
    assert table.calls == {}


def test_who_is_known_by_id_or_address_is_named_with_what_the_profile_says():
    table = Table(aliases={ADA: "ada", KENJI: "kenji"})
    ada = Customer("ada", country="GB", attributes={"plan": "Pro", "company": "Engines"})
    table.people = {"ada": ada, "kenji": Customer("kenji", address_hash="k")}

    known = (response(1, alias=ADA, address_hash="k"), response(2, address_hash="k"), response(3, alias="stripe#x"))
    run(table, *known, declared={"account": "company"})

    named = [one.customer_id for one in table.invitations.values()]
    assert named == ["ada", "kenji", ""]
    assert table.invitations[response(1).id].segments["country"] == "GB"
    assert table.invitations[response(1).id].segments["plan"] == "Pro"
    assert table.invitations[response(1).id].segments["account"] == "Engines"


def test_an_address_that_several_customers_have_names_nobody():
    table = Table(people={"ada": Customer("ada", address_hash="a"), "eve": Customer("eve", address_hash="a")})

    run(table, response(address_hash="a"))

    assert only(table).customer_id == ""


def test_the_same_file_again_writes_nothing_and_looks_nobody_up():
    table = Table(aliases={ADA: "ada"})
    run(table, response(1, alias=ADA), response(2))
    before, table.calls = dict(table.invitations), Counter()

    assert run(table, response(1, alias=ADA), response(2), now=NOON + DAY) == {Outcome.THERE: 2}

    assert (table.invitations, table.calls) == (before, {"responses": 1})


def test_a_later_export_adds_what_is_new():
    table = Table()
    run(table, response(1))

    assert run(table, response(1), response(2), now=NOON + DAY) == {Outcome.THERE: 1, Outcome.STORED: 1}


@pytest.mark.parametrize(
    "other",
    [
        response(rating=3),
        response(comment="on second thoughts"),
        response(answered_at=THEN + DAY),
        response(touchpoint="renewed"),
        response(question=Question.REBUY),
    ],
)
def test_what_differs_is_kept_and_changed_only_when_that_is_asked_for(other):
    table = Table()
    run(table, response())
    before = only(table)

    assert run(table, other, now=NOON + DAY) == {Outcome.DIFFERS: 1}
    assert only(table) == before
    assert run(table, other, now=NOON + DAY, replace_=True) == {Outcome.REPLACED: 1}

    after = only(table)
    assert (after.answer, after.answered_at) == (other.collected.answer, other.collected.answered_at)
    assert (after.created_at, after.due_at, after.closed_at) == (NOON, NOON, NOON + DAY)


def test_what_does_not_differ_is_not_replaced():
    table = Table()
    run(table, response())

    assert run(table, response(), now=NOON + DAY, replace_=True) == {Outcome.THERE: 1}


def test_who_loses_a_race_reads_again():
    table = Table(meanwhile=[lambda table: run_quietly(table, response(2, rating=3))])

    assert run(table, response(1), response(2)) == {Outcome.STORED: 1, Outcome.DIFFERS: 1}

    assert table.invitations[response(2).id].answer.rating == 3


def run_quietly(table, *responses):
    import_responses(responses, ResponseImportDeps(MemoryTable(table.invitations), hash_alias, NOON - DAY))


def test_who_loses_every_race_is_left_to_a_later_call():
    def others(table):
        one = table.invitations[response().id]
        table.invitations[one.id] = replace(one, answered_at=one.answered_at + DAY)

    table = Table()
    run(table, response())
    table.meanwhile = [others] * 9

    imported = import_responses([response(rating=3)], ResponseImportDeps(table, hash_alias, NOON + DAY, replace=True))

    assert imported.left == (response(rating=3),)
    assert (imported.outcomes, imported.problem) == ({}, "others kept writing the same responses")


def test_a_busy_table_leaves_what_is_not_done(monkeypatch):
    def busy(_):
        raise TransientError("throttling")

    monkeypatch.setattr(service, "_MOST_BYTES", 2 * service._AROUND)
    table = Table(meanwhile=[lambda _: None, busy])

    imported = import_responses([response(n) for n in range(5)], ResponseImportDeps(table, hash_alias, NOON))

    assert imported.outcomes == {response(0).id: Outcome.STORED, response(1).id: Outcome.STORED}
    assert [one.id for one in imported.left] == [response(n).id for n in (2, 3, 4)]
    assert imported.problem == "throttling"


def test_a_transaction_holds_no_more_than_it_may():
    table = Table()

    run(table, *(response(n, comment="😀" * COMMENT_LENGTH) for n in range(100)))
    run(table, *(response(n) for n in range(1000, 1150)))

    assert table.calls["store"] == 2 + 2
    assert len(table.invitations) == 250


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("replace_", [False, True], ids=["new", "replacing"])
def test_killed_at_any_call_and_run_again_it_ends_the_same_and_counts_the_same(fault, after, replace_):
    def fresh():
        table = MemoryTable(aliases={ADA: "ada"}, people={"ada": Customer("ada")})
        if replace_:
            import_responses(
                [response(n, rating=1) for n in range(MANY)], ResponseImportDeps(table, hash_alias, NOON - DAY)
            )
        return table

    responses = [response(n, alias=ADA) for n in range(MANY)]
    whole = fresh()
    counted = Counter(
        import_responses(responses, ResponseImportDeps(whole, hash_alias, NOON, replace_)).outcomes.values()
    )
    for at in range(1, 100):
        table, saboteur = fresh(), Saboteur(at, after, fault)
        done: dict[str, Outcome] = {}
        try:
            done |= import_responses(
                responses, ResponseImportDeps(Spoiled(table, saboteur), hash_alias, NOON, replace_)
            ).outcomes
        except SimulatedCrash:
            done = {}
        if not saboteur.hit:
            break
        again = import_responses(
            [one for one in responses if one.id not in done], ResponseImportDeps(table, hash_alias, NOON, replace_)
        )
        assert table.invitations == whole.invitations
        assert Counter((done | again.outcomes).values()) == counted
    assert at > 5


def test_an_answer_of_who_was_erased_is_passed_over():
    table = Table(erased={hash_alias(ADA): NOON})

    assert run(table, response(1, alias=ADA), response(2, alias=KENJI)) == {Outcome.ERASED: 1, Outcome.STORED: 1}
    assert list(table.invitations) == [response(2).id]


def test_so_is_one_of_a_guest_of_any_source():
    table = Table(erased={hash_alias("shop@5e1f"): NOON})
    known = Customer("other", address_hash="5e1f")
    table.people["other"] = known

    one = response(1, address_hash="5e1f")
    assert run(table, one, sources=frozenset({"books", "shop"})) == {Outcome.ERASED: 1}
    assert run(table, one) == {Outcome.STORED: 1}


def test_unless_they_are_to_be_known_again():
    table = Table(erased={hash_alias(ADA): NOON})

    assert run(table, response(alias=ADA), include_erased=True) == {Outcome.STORED: 1}
    assert only(table).customer_id == ""


def test_who_came_back_has_answers_since_the_erasure():
    table = Table(erased={hash_alias(ADA): THEN}, aliases={ADA: "ada"}, people={"ada": Customer("ada")})

    old, new = response(1, alias=ADA), response(2, alias=ADA, answered_at=THEN + HOUR)
    assert run(table, old, new) == {Outcome.ERASED: 1, Outcome.STORED: 1}
    assert only(table).customer_id == "ada"


@pytest.mark.parametrize("replace_", [False, True])
def test_an_answer_that_was_there_before_an_erasure_is_not_stored_again(replace_):
    """Its number may still stand in an anonymous row, under another id."""
    table = Table()
    run(table, response())
    table.invitations = {id_: tombstone(one) for id_, one in table.invitations.items()}
    before = dict(table.invitations)

    assert run(table, response(), replace_=replace_, include_erased=True) == {Outcome.ERASED: 1}
    assert table.invitations == before
