"""InProductTable: surveys inside the product and plain links, in memory and in DynamoDB."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.in_product import InProductSurveysTable
from afterbill.answers.hosted import HostedLink, opened, opened_by_anybody
from afterbill.answers.in_product import MOST_SHOWINGS, SHOWING
from afterbill.answers.ports import InProductSurveys
from afterbill.intake.ports import FactWrites
from afterbill.model.invitation import RETENTION, Answer, State
from afterbill_cli.memory.table import MemoryTable
from tests.contract.conftest import TABLE, clock, over
from tests.contract.people import ADDRESS, ID, NOW, customer, invitation, sent, stored

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
COUNTER = HostedLink("counter", "support_resolved", "support")
ANSWER = Answer(9)


@dataclass
class Product:
    """The table as this use case and all others see it."""

    table: InProductSurveys
    world: Any


@pytest.fixture(params=["memory", "aws"])
def product(request):
    if request.param == "aws":
        return request.getfixturevalue("on_aws")
    memory = MemoryTable()
    world = request.getfixturevalue("memory_world")(memory)
    return Product(memory, world)


@pytest.fixture
def memory_world():
    class Everybody:
        def __init__(self, table):
            self.facts = self.invitations = self.responses = self.sweeps = table

    return Everybody


@pytest.fixture
def on_aws(aws_world):
    return Product(InProductSurveysTable(aws_world.dynamodb, TABLE, clock=clock), over(aws_world.dynamodb))


def known(product, *people, **aliases):
    named = {f"shop#{alias}": (to, None) for alias, to in aliases.items()}
    assert product.world.facts.commit(FactWrites(customers=people, aliases=named))


class TestUsers:
    def test_a_customer_is_found_by_the_name_a_source_has_for_them(self, product):
        known(product, customer(), cus_1="customer-1")

        assert product.table.customer_called("shop#cus_1") == customer(version=1)
        assert product.table.customer_called("shop#cus_2") is None

    def test_a_name_of_somebody_who_was_erased_leads_to_nobody(self, product):
        known(product, cus_1="customer-1")

        assert product.table.customer_called("shop#cus_1") is None

    def test_that_somebody_was_seen_is_written_once_a_day(self, product):
        known(product, customer(), cus_1="customer-1")
        seen = []
        for at in (NOW, NOW + HOUR, NOW + DAY):
            product.table.seen(product.table.customer_called("shop#cus_1"), at)
            seen.append(product.table.customer_called("shop#cus_1"))

        assert [(one.last_seen_at, one.version) for one in seen] == [(NOW, 2), (NOW, 2), (NOW + DAY, 3)]

    def test_two_requests_at_once_write_it_once(self, product):
        known(product, customer(), cus_1="customer-1")
        before = product.table.customer_called("shop#cus_1")

        for at in (NOW, NOW + HOUR):
            product.table.seen(before, at)

        assert product.table.customer_called("shop#cus_1") == replace(before, last_seen_at=NOW, version=2)

    def test_what_waited_for_them_waits_no_longer(self, product):
        known(product, customer(when_seen=frozenset("ab"), last_seen_at=NOW), cus_1="customer-1")

        product.table.seen(product.table.customer_called("shop#cus_1"), NOW + HOUR)

        assert product.table.customer_called("shop#cus_1") == customer(last_seen_at=NOW + HOUR, version=2)

    def test_what_began_to_wait_since_they_were_read_goes_on_waiting(self, product):
        known(product, customer(when_seen=frozenset("a")), cus_1="customer-1")
        before = product.table.customer_called("shop#cus_1")
        known(product, replace(before, when_seen=frozenset("ab")))

        product.table.seen(before, NOW)

        after = product.table.customer_called("shop#cus_1")
        assert (after.when_seen, after.last_seen_at) == (frozenset("ab"), None)

    def test_nobody_is_made_by_being_seen(self, product):
        product.table.seen(customer(version=1), NOW)

        assert product.world.responses.customer("customer-1") is None

    @pytest.mark.parametrize(
        ("reason", "objected"), [(None, False), ("bounced", False), ("complained", True), ("unsubscribed", True)]
    )
    def test_who_has_the_address_of_somebody_who_objected_objected(self, product, reason, objected):
        """As a customer of another source, or as a guest; a bounce is no objection."""
        if reason:
            product.world.responses.suppress(ADDRESS, reason, NOW, None)

        assert product.table.objected(ADDRESS) is objected

    def test_who_was_only_asked_there_did_not_object(self, product):
        sent(product.world)

        assert not product.table.objected(ADDRESS)

    def test_nobody_without_an_address_objected(self, product):
        assert not product.table.objected("")


class TestShowing:
    def test_only_the_first_shows_it(self, product):
        sent(product.world)

        assert [product.table.show(ID, NOW + HOUR), product.table.show(ID, NOW + HOUR)] == [True, False]
        shown = product.table.invitation(ID)
        assert (shown.shown_at, shown.shown_until, shown.showings) == (NOW + HOUR, NOW + HOUR + SHOWING, 1)

    def test_another_shows_it_once_the_first_is_gone(self, product):
        sent(product.world)
        product.table.show(ID, NOW)

        product.table.hide(ID, NOW + HOUR)

        assert product.table.show(ID, NOW + HOUR)
        shown = product.table.invitation(ID)
        assert (shown.shown_at, shown.shown_until, shown.showings) == (NOW, NOW + HOUR + SHOWING, 2)

    def test_one_that_never_said_it_was_gone_keeps_it_for_some_time(self, product):
        sent(product.world)
        product.table.show(ID, NOW)

        assert not product.table.show(ID, NOW + SHOWING - HOUR)
        assert product.table.show(ID, NOW + SHOWING)

    def test_as_often_as_it_may(self, product):
        sent(product.world)
        shown = []
        for number in range(MOST_SHOWINGS + 1):
            shown.append(product.table.show(ID, NOW + number * HOUR))
            product.table.hide(ID, NOW + number * HOUR)

        assert shown == [*[True] * MOST_SHOWINGS, False]

    @pytest.mark.parametrize("settle", ["dismiss", "answer", "nothing was shown", "nothing is there"])
    def test_what_is_settled_or_not_shown_is_not_given_back(self, product, settle):
        if settle != "nothing is there":
            sent(product.world)
        if settle in {"dismiss", "answer"}:
            product.table.show(ID, NOW)
        if settle == "dismiss":
            product.table.dismiss(ID, NOW)
        if settle == "answer":
            product.world.responses.record(ID, ANSWER, NOW, "2026-11-22")
        before = product.table.invitation(ID)

        product.table.hide(ID, NOW + HOUR)

        assert product.table.invitation(ID) == before

    def test_not_what_was_dismissed(self, product):
        sent(product.world)
        product.table.dismiss(ID, NOW)

        assert not product.table.show(ID, NOW)

    def test_not_what_was_answered(self, product):
        sent(product.world)
        product.world.responses.record(ID, ANSWER, NOW, "2026-11-22")

        assert not product.table.show(ID, NOW)

    @pytest.mark.parametrize("state", [State.PENDING, State.CLOSED])
    def test_not_what_is_not_out(self, product, state):
        stored(product.world, invitation(state=state))

        assert not product.table.show(ID, NOW)

    def test_until_it_closes(self, product):
        asked = sent(product.world)

        assert not product.table.show(ID, asked.answer_until + timedelta(seconds=1))
        assert product.table.show(ID, asked.answer_until)

    def test_not_what_there_is_not(self, product):
        assert not product.table.show(ID, NOW)
        assert product.table.invitation(ID) is None


class TestDismissing:
    def test_the_first_moment_counts(self, product):
        sent(product.world)

        for at in (NOW, NOW + HOUR):
            product.table.dismiss(ID, at)

        assert product.table.invitation(ID).dismissed_at == NOW

    def test_an_answer_stays_what_it_is(self, product):
        sent(product.world)
        answered = product.world.responses.record(ID, ANSWER, NOW, "2026-11-22").invitation

        product.table.dismiss(ID, NOW)

        assert product.table.invitation(ID) == answered

    def test_nothing_is_made_by_it(self, product):
        product.table.dismiss(ID, NOW)

        assert product.table.invitation(ID) is None


class TestAnswering:
    def test_an_answer_can_say_where_it_was_given(self, product):
        sent(product.world)

        recorded = product.world.responses.record(ID, ANSWER, NOW, "2026-11-22", "in_app").invitation

        assert (recorded.channel, recorded.segments["channel"]) == ("in_app", "in_app")
        assert product.table.invitation(ID) == recorded


class TestPlainLinks:
    def test_what_one_made_is_there_and_can_be_answered(self, product):
        asked = opened_by_anybody(COUNTER, ID, "de", NOW)

        product.table.open(asked)

        assert product.table.invitation(ID) == asked
        assert product.world.responses.record(ID, ANSWER, NOW + DAY, "2026-11-23").stored

    def test_what_is_there_stays_as_it_is(self, product):
        product.table.open(opened(COUNTER, ID, customer(), "de", NOW))
        answered = product.world.responses.record(ID, ANSWER, NOW, "2026-11-22").invitation

        product.table.open(opened(COUNTER, ID, customer(), "en", NOW + HOUR))

        assert product.table.invitation(ID) == answered

    def test_nothing_waits_for_it_to_go_out(self, product):
        product.table.open(opened(COUNTER, ID, None, "de", NOW))

        assert product.world.sweeps.not_sent("2026-11-22", NOW - HOUR, NOW + HOUR).places == []


class TestHowLongItIsKept:
    """Of the table alone: in memory nothing expires."""

    def item(self, product):
        found = product.world.dynamodb.get_item(TableName=TABLE, Key=keys.invitation(ID))
        return found["Item"]

    def test_without_an_answer_soon_after_it_closed(self, on_aws):
        on_aws.table.open(opened(COUNTER, ID, None, "de", NOW))

        assert self.item(on_aws)[keys.TTL]["N"] == str(int((NOW + 2 * DAY).timestamp()))
        assert keys.DAY_BUCKET not in self.item(on_aws)

    def test_with_one_as_long_as_any_other(self, on_aws):
        on_aws.table.open(opened(COUNTER, ID, None, "de", NOW))
        on_aws.world.responses.record(ID, ANSWER, NOW, "2026-11-22")

        assert self.item(on_aws)[keys.TTL]["N"] == str(int((NOW + DAY + RETENTION).timestamp()))

    def test_an_answer_to_any_other_leaves_that_as_it_is(self, on_aws):
        sent(on_aws.world)
        before = self.item(on_aws)[keys.TTL]

        on_aws.world.responses.record(ID, ANSWER, NOW, "2026-11-22")

        assert self.item(on_aws)[keys.TTL] == before
