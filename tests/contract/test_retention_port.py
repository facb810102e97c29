"""RetentionPasses: in memory and in DynamoDB. What counts is never touched, and nothing newer."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.external_responses import ExternalResponsesTable
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.dynamodb.items import encode
from afterbill.adapters.dynamodb.retention import RetentionTable
from afterbill.adapters.dynamodb.stream import clicked_in, read_change
from afterbill.intake.ports import FactQuery, FactWrites
from afterbill.model.customer import MARGIN, prolong
from afterbill.model.errors import UnreadableError
from afterbill.model.invitation import Answer
from afterbill.model.retention import Retention
from afterbill.model.short_links import ShortLink
from afterbill.model.visits import CondensedVisits, Visit
from afterbill.model.visits import Kind as Use
from afterbill.privacy.holdings import Kind, Stock
from afterbill.privacy.retention import RetentionProgress, Walk, apply_retention
from afterbill_cli.memory.retention import MemoryRetention
from tests.contract.conftest import TABLE, clock
from tests.contract.people import ADDRESS, ID, NOW, customer, invitation, sent, stored

DAY = timedelta(days=1)
PERIODS = Retention()
SHORTER = Retention(responses=400 * DAY, customers=400 * DAY)
LATER = NOW + 400 * DAY
VISIT = Visit(NOW, Use.SEEN, 9, "0badcafe", "safari")
ANSWER = Answer(3, "Too dear", "price")


def passes_of(world):
    return RetentionTable(world.dynamodb, TABLE, clock=clock) if world.dynamodb else MemoryRetention(world.facts)


@pytest.fixture
def passes(world):
    return passes_of(world)


def run(passes, now=LATER, periods=PERIODS):
    return apply_retention(Walk(passes, periods, now))


def answered(world):
    one = sent(world)
    world.responses.visit(one.id, VISIT)
    world.responses.record(one.id, ANSWER, NOW, "2026-11-22")
    return world.invitations.invitation(one.id)


def holding(passes, kind=Kind.RESPONSES):
    (found,) = [one for one in passes.holdings(None).holdings if one.kind is kind]
    return found


def test_old_words_and_visits_go_and_the_answer_stays(world, passes):
    before = answered(world)

    assert run(passes).changed[Kind.RESPONSES] == 1

    after = world.invitations.invitation(ID)
    assert after == replace(before, answer=replace(ANSWER, comment=""), visits=())
    assert run(passes, LATER + 7 * DAY).changed == {}


def test_old_words_of_a_reported_end_go_and_its_code_stays(world, passes):
    ended = invitation(reported_reason="too_expensive", reported_comment="Too dear", reported_at=NOW)
    world.facts.commit(FactWrites(ended, (customer(),)))
    assert Kind.RESPONSES not in run(passes, NOW + 300 * DAY).changed

    assert run(passes).changed[Kind.RESPONSES] == 1

    assert world.invitations.invitation(ID) == replace(ended, reported_comment="")


def test_what_was_scrubbed_can_be_visited_and_answered_again(world, passes):
    answered(world)
    run(passes)

    assert world.responses.visit(ID, VISIT).visits == (VISIT,)


def test_a_newer_answer_stays(world, passes):
    answered(world)
    old = holding(passes)
    world.responses.record(ID, replace(ANSWER, comment="Better now"), NOW + DAY, "2026-11-23")

    assert not passes.settle(old, replace(old, comment=""))
    assert world.invitations.invitation(ID).answer.comment == "Better now"


def test_a_newer_visit_stays(world, passes):
    answered(world)
    old = holding(passes)
    world.responses.visit(ID, replace(VISIT, at=NOW + DAY))

    assert not passes.settle(old, replace(old, visits=()))
    assert len(world.invitations.invitation(ID).visits) == 2


def test_visits_go_as_they_get_old_each_in_its_turn(world, passes):
    answered(world)
    newer = replace(VISIT, at=NOW + 30 * DAY, family="firefox")
    world.responses.visit(ID, newer)

    for days, left in ((100, (newer,)), (130, ())):
        run(passes, NOW + days * DAY)
        assert world.invitations.invitation(ID).visits == left


def test_a_survey_of_somebody_who_is_gone_leaves_a_row_that_counts(world, passes):
    world.facts.commit(FactWrites(invitation(answered_day="2026-11-22", answered_at=NOW, answer=ANSWER)))
    before = holding(passes)

    assert passes.settle(before, None)

    assert not passes.settle(before, None)
    left = passes.holdings(None).holdings
    ids = [one.place[0].removeprefix("INVITATION#") if world.dynamodb else one.place[1] for one in left]
    (row,) = [world.invitations.invitation(id_) for id_ in ids if id_ != ID]
    assert row.answer == replace(ANSWER, comment="")
    assert world.invitations.invitation(ID).reason == "erased"
    assert {(one.anonymous, one.customer_id) for one in left} == {(True, "")}


def test_a_name_of_somebody_who_is_gone_goes(world, passes):
    stored(world)
    world.facts.commit(FactWrites(aliases={"shop#1": ("customer-1", None), "shop#2": ("gone", None)}))
    world.codes.keep(ShortLink("abcdefghij", ID, NOW, "hash", "gone"))

    list(Walk(passes, PERIODS, NOW).pages())

    assert world.facts.look_up(FactQuery(alias="shop#1")).customer_ids == {"shop#1": "customer-1"}
    assert world.facts.look_up(FactQuery(alias="shop#2")).customer_ids == {}
    assert world.codes.holder("hash") == ""


def test_a_name_that_leads_to_somebody_else_by_now_stays(world, passes):
    world.facts.commit(FactWrites(aliases={"shop#1": ("gone", None)}))
    old = holding(passes, Kind.NAMES)
    world.facts.commit(FactWrites(aliases={"shop#1": ("customer-1", "gone")}))

    assert not passes.settle(old, None)
    assert world.facts.look_up(FactQuery(alias="shop#1")).customer_ids == {"shop#1": "customer-1"}


def test_the_end_of_a_customer_moves_with_the_period(world, passes):
    stored(world, who=prolong(customer(), PERIODS.customers, NOW))

    run(passes, NOW + DAY, SHORTER)

    who = world.facts.customers(["customer-1"])["customer-1"]
    assert (who.active_at, who.kept_until, who.version) == (NOW, NOW + 400 * DAY + MARGIN, 2)


def test_a_customer_who_was_active_meanwhile_keeps_their_end(world, passes):
    _, who = stored(world, who=prolong(customer(), PERIODS.customers, NOW))
    old = holding(passes, Kind.CUSTOMERS)
    newer = prolong(who, PERIODS.customers, NOW + 60 * DAY)
    world.facts.commit(FactWrites(customers=(newer,)))

    assert not passes.settle(old, replace(old, expires_at=NOW))
    assert world.facts.customers(["customer-1"])["customer-1"].kept_until == newer.kept_until


def test_who_is_restricted_is_told_among_those_who_exist(world, passes):
    stored(world)
    world.facts.commit(FactWrites(customers=(customer("held", address_hash="", restricted_at=NOW),)))

    assert passes.restricted(["customer-1", "held", "gone"]) == {"customer-1": False, "held": True}


def test_the_progress_is_as_it_was_stored(passes):
    assert passes.retention_progress() is None
    progress = RetentionProgress(
        NOW.replace(microsecond=5),
        SHORTER,
        place=("INVITATION#1", "INVITATION"),
        turn=7,
        held={Kind.COMMENTS: Stock(3, NOW, NOW + DAY, 2, 1), Kind.NAMES: Stock(1)},
        finished_at=NOW,
        overdue=4,
    )

    passes.store_retention_progress(progress)

    assert passes.retention_progress() == progress


class TestDynamoDb:
    def item(self, world, key):
        return world.dynamodb.get_item(TableName=TABLE, Key=key)["Item"]

    def ends(self, world, key):
        return datetime.fromtimestamp(int(self.item(world, key)[keys.TTL]["N"]), UTC)

    def test_every_end_moves_with_the_period_and_back(self, aws_world):
        one = sent(aws_world)
        links = FactWrites(stops={"a": "x" * 32}, event=("evt_9", "shop"), about=ID, forget_at=NOW + PERIODS.responses)
        aws_world.facts.commit(links)
        aws_world.codes.keep(ShortLink("abcdefghij", ID, NOW, "hash", "customer-1"))
        places = [keys.link("a"), keys.event("evt_9", "shop", ID), keys.address(ADDRESS), keys.phone("hash")]
        passes = passes_of(aws_world)

        for periods in (SHORTER, PERIODS):
            run(passes, NOW + DAY, periods)
            assert [self.ends(aws_world, key) for key in places] == [NOW + periods.responses] * 4
            assert self.ends(aws_world, keys.invitation(ID)) == one.kept_until(periods.responses)
        assert self.ends(aws_world, keys.code("abcdefghij")) < NOW + 400 * DAY

    def test_what_has_an_end_of_its_own_keeps_it(self, aws_world):
        test = FactWrites(
            invitation(answered_day="test"), (customer(forget_at=LATER),), event=("e", "s"), forget_at=LATER
        )
        aws_world.facts.commit(test)
        aws_world.responses.suppress(ADDRESS, "unsubscribed", NOW, None)

        assert run(passes_of(aws_world), NOW, SHORTER).changed == {}

    def test_a_scrub_changes_no_tally_and_asks_for_no_review(self, aws_world):
        answered(aws_world)
        before = self.item(aws_world, keys.invitation(ID))
        run(passes_of(aws_world))
        after = self.item(aws_world, keys.invitation(ID))
        record = {"dynamodb": {"Keys": keys.invitation(ID), "OldImage": before, "NewImage": after}}

        old, new = read_change(record)
        assert before != after
        assert old == new
        assert clicked_in(record) == ""

    def raw(self, world, **attributes):
        key, names = keys.invitation(ID), {f"#{name}": name for name in attributes}
        update = "SET " + ", ".join(f"#{name} = :{name}" for name in attributes)
        values = encode({f":{name}": value for name, value in attributes.items()})
        world.dynamodb.update_item(
            TableName=TABLE,
            Key=key,
            UpdateExpression=update,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

    def test_visits_that_are_stored_in_another_order_go_too(self, aws_world):
        answered(aws_world)
        later, sooner = (replace(VISIT, at=NOW + days * DAY) for days in (2, 1))
        visits = {VISIT.visitor_key: [later.code, sooner.code, VISIT.code]}
        self.raw(aws_world, visits=visits, condensed=[], label="hurried")

        run(passes_of(aws_world))

        after = self.item(aws_world, keys.invitation(ID))
        assert after["visits"] == {"M": {}}
        assert {"condensed", "label"} & after.keys() == {"condensed"}

    def test_nothing_stays_of_condensed_visits(self, aws_world):
        answered(aws_world)
        self.raw(aws_world, condensed=[str(CondensedVisits(NOW, NOW, 3, 1))])

        run(passes_of(aws_world))

        assert "condensed" not in self.item(aws_world, keys.invitation(ID))

    def test_the_label_of_a_newer_click_stays(self, aws_world):
        sent(aws_world)
        self.raw(aws_world, label="hurried")
        passes = passes_of(aws_world)
        old = holding(passes)
        self.raw(aws_world, label="probed")

        assert not passes.settle(old, replace(old, label=""))
        assert self.item(aws_world, keys.invitation(ID))["label"] == {"S": "probed"}

    def test_the_tombstone_of_a_test_keeps_its_end(self, aws_world):
        test = invitation(answered_day="test")
        aws_world.facts.commit(FactWrites(test))
        passes = passes_of(aws_world)
        passes.settle(holding(passes), None)

        run(passes, NOW + DAY)

        assert self.ends(aws_world, keys.invitation(ID)) <= test.kept_until(30 * DAY) + DAY  # the noon after it

    def test_an_item_that_cannot_be_read_costs_itself(self, aws_world):
        answered(aws_world)
        aws_world.dynamodb.put_item(TableName=TABLE, Item=keys.invitation("bad") | encode({"due_at": "soon"}))

        applied = run(passes_of(aws_world))

        assert (applied.passed_over, applied.changed[Kind.RESPONSES]) == (1, 1)

    def test_progress_that_cannot_be_read_is_told(self, aws_world):
        aws_world.dynamodb.put_item(TableName=TABLE, Item=keys.retention() | encode({"begun_at": "soon"}))

        with pytest.raises(UnreadableError):
            passes_of(aws_world).retention_progress()

    def test_the_pass_goes_page_by_page(self, aws_world, monkeypatch):
        monkeypatch.setattr("afterbill.adapters.dynamodb.retention._PAGE", 1)
        answered(aws_world)
        passes = passes_of(aws_world)

        first = passes.holdings(None)
        assert len(first.holdings) == 1
        assert passes.holdings(first.end).holdings != first.holdings


class TestExpired:
    """DynamoDB deletes what has expired within days; until then nobody sees it."""

    @pytest.fixture
    def late(self, aws_world):
        """The table in three years, when nothing was deleted."""
        sent(aws_world)
        aws_world.facts.commit(FactWrites(stops={"a": ID}, forget_at=NOW))
        end = (NOW + 1000 * DAY).timestamp()
        make = [FactsTable, ExternalResponsesTable]
        return SimpleNamespace(
            **{one.__name__: one(aws_world.dynamodb, TABLE, clock=lambda: end) for one in make},
            invitations=type(aws_world.invitations)(aws_world.dynamodb, TABLE, clock=lambda: end),
        )

    def test_it_is_read_by_nobody(self, late):
        found = late.FactsTable.look_up(FactQuery(invitation_id=ID, links=["a"], address_hash=ADDRESS))

        assert (found.invitation, found.stopped_by, found.recipient.last_asked_at) == (None, frozenset(), None)
        assert late.invitations.invitation(ID) is None

    def test_a_new_item_takes_its_place(self, late):
        again = invitation(locale="fr", created_at=NOW + 1000 * DAY, due_at=NOW + 1000 * DAY)

        assert late.FactsTable.commit(FactWrites(invitation=again, peers=frozenset("a"), forget_at=NOW + 2000 * DAY))
        assert late.invitations.invitation(ID).locale == "fr"

    def test_an_answer_from_elsewhere_takes_its_place(self, late):
        again = invitation(locale="fr", created_at=NOW + 1000 * DAY, due_at=NOW + 1000 * DAY)

        assert late.ExternalResponsesTable.keep_answer(again) is None
        assert late.ExternalResponsesTable.keep_answer(again).locale == "fr"

    def test_an_address_that_was_asked_long_ago_is_asked_again(self, late):
        at = NOW + 1000 * DAY
        one = invitation("0d" * 16, due_at=at)
        late.FactsTable.commit(FactWrites(invitation=one))
        who = late.FactsTable.customers(["customer-1"])["customer-1"]
        situation = late.invitations.situation(one)

        assert late.invitations.claim(
            replace(one, state="sending", attempt="a", claimed_at=at), who, situation.recipient
        )
