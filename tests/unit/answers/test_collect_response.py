"""Answers that other systems tell."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.answers.api_keys import ApiKey, Scope, hash_of, spelled
from afterbill.answers.collect_response import CollectDeps, Kept, Outcome, Refusal, authorise, collect_response
from afterbill.answers.external import COLLECTED, ReportedAnswer
from afterbill.model.anonymous import tombstone
from afterbill.model.billing import Touchpoint
from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer, Invitation, State
from afterbill.model.questions import Question
from afterbill_cli.memory.keys import MemoryApiKeys
from afterbill_cli.memory.table import MemoryTable
from tests.factories import ADA, DAY, HOUR, NOON, customer, hash_address, hash_alias

SECRET = "s" * 43
KEY = ApiKey("0123456789abcdef", "support", ("responses:write",), hash_of(SECRET), NOON)
HEADER = f"Bearer {spelled(KEY.id, SECRET)}"
REPORTED = ReportedAnswer(9, comment="Quick", answered_at=NOON - HOUR)


@pytest.fixture
def table() -> MemoryTable:
    return MemoryTable()


def collect(table: MemoryTable, reported: ReportedAnswer = REPORTED, name: str = "call-1", key: ApiKey = KEY) -> Kept:
    stages = {Touchpoint.RELATIONSHIP: "loyalty", Touchpoint.SUPPORT_RESOLVED: "support"}
    collector = CollectDeps(
        table,
        hash_address,
        hash_alias,
        lambda at: at.date().isoformat(),
        lambda one: stages[Touchpoint(one)],
        {"account": "company"},
    )
    return collect_response(reported, key, name, collector, NOON)


def kept(table: MemoryTable, reported: ReportedAnswer = REPORTED) -> Invitation:
    return table.invitations[collect(table, reported).id]


class TestKeys:
    @pytest.fixture
    def keys(self) -> MemoryApiKeys:
        return MemoryApiKeys({KEY.id: KEY})

    @pytest.mark.parametrize("header", [HEADER, HEADER.replace("Bearer", "bearer"), f"  {HEADER} "])
    def test_the_right_key_opens(self, keys: MemoryApiKeys, header: str) -> None:
        assert authorise(header, Scope.RESPONSES_WRITE, keys) == KEY

    @pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YWRh", HEADER.removeprefix("Bearer ")])
    def test_without_a_key_one_is_asked_for(self, keys: MemoryApiKeys, header: str) -> None:
        assert authorise(header, Scope.RESPONSES_WRITE, keys) is Refusal.NO_KEY

    @pytest.mark.parametrize(
        "credentials", ["x", spelled(KEY.id, "t" * 43), spelled("0" * 16, SECRET), f"{spelled(KEY.id, SECRET)} x"]
    )
    def test_a_wrong_key_opens_nothing(self, keys: MemoryApiKeys, credentials: str) -> None:
        assert authorise(f"Bearer {credentials}", Scope.RESPONSES_WRITE, keys) is Refusal.WRONG_KEY

    def test_a_revoked_key_is_a_wrong_one(self, keys: MemoryApiKeys) -> None:
        assert keys.revoke(KEY.id, NOON)

        assert authorise(HEADER, Scope.RESPONSES_WRITE, keys) is Refusal.WRONG_KEY

    def test_a_key_for_something_else_is_told_so(self) -> None:
        keys = MemoryApiKeys({KEY.id: replace(KEY, scopes=("scores:read",))})

        assert authorise(HEADER, Scope.RESPONSES_WRITE, keys) is Refusal.WRONG_SCOPE


class TestKept:
    def test_an_answer_becomes_a_closed_invitation_that_holds_it(self, table: MemoryTable) -> None:
        reported = ReportedAnswer(
            rating=4,
            question=Question.CSAT,
            answered_at=NOON - DAY,
            comment="  Quick\r\nand friendly ",
            reason="service",
            contact_ok=True,
            touchpoint=Touchpoint.SUPPORT_RESOLVED,
            source="call centre",
            segments={"plan": "pro", "country": "CH", "locale": "de-CH"},
        )

        one = kept(table, reported)

        assert (one.state, one.reason, one.sent_day) == (State.CLOSED, COLLECTED, "")
        assert one.answer == Answer(4, "Quick\nand friendly", "service", contact_ok=True)
        assert (one.answered_at, one.answered_day) == (NOON - DAY, "2026-11-21")
        assert one.segments == {
            "touchpoint": "support_resolved",
            "stage": "support",
            "source": "call centre",
            "channel": "api",
            "question": "csat",
            "plan": "pro",
            "country": "CH",
            "locale": "de-CH",
        }

    def test_what_is_left_out_is_now_and_the_name_of_the_key(self, table: MemoryTable) -> None:
        one = kept(table, ReportedAnswer(0))

        assert (one.answered_at, one.source, one.touchpoint, one.question) == (
            NOON,
            "support",
            "relationship",
            Question.NPS,
        )

    def test_told_again_it_is_kept_once(self, table: MemoryTable) -> None:
        first, again = collect(table), collect(table)

        assert (first.outcome, again.outcome) == (Outcome.RECORDED, Outcome.REPEATED)
        assert first.id == again.id
        assert len(table.invitations) == 1

    def test_saying_what_holds_anyway_is_saying_the_same(self, table: MemoryTable) -> None:
        collect(table, ReportedAnswer(9))

        reported = ReportedAnswer(9, Question.NPS, contact_ok=False, touchpoint=Touchpoint.RELATIONSHIP)
        assert collect(table, reported).outcome is Outcome.REPEATED

    @pytest.mark.parametrize(
        "other",
        [
            replace(REPORTED, rating=8),
            replace(REPORTED, comment="Slow"),
            replace(REPORTED, answered_at=NOON),
            replace(REPORTED, email=ADA),
            replace(REPORTED, customer_id="1", customer_source="shop"),
            replace(REPORTED, segments={"plan": "pro"}),
        ],
    )
    def test_the_same_name_for_another_answer_is_refused_and_changes_nothing(
        self, table: MemoryTable, other: ReportedAnswer
    ) -> None:
        first = collect(table)

        assert collect(table, other) == Kept(Outcome.REUSED, first.id)
        assert table.invitations[first.id].answer == Answer(9, "Quick")

    def test_an_answer_whose_customer_was_removed_is_not_stored_again(self, table: MemoryTable) -> None:
        first = kept(table)
        table.invitations[first.id] = tombstone(first)

        assert collect(table) == Kept(Outcome.REPEATED, first.id)
        assert table.invitations[first.id].answer is None

    def test_names_of_two_keys_do_not_meet(self, table: MemoryTable) -> None:
        assert collect(table).id != collect(table, key=replace(KEY, id="f" * 16)).id


class TestCustomers:
    def known(self, table: MemoryTable, alias: str, one: Customer) -> None:
        table.people[one.id] = one
        table.aliases[alias] = one.id

    def test_a_known_customer_is_found_by_id(self, table: MemoryTable) -> None:
        self.known(
            table, "stripe#cus_1", customer(id="ada", country="CH", attributes={"plan": "gold", "company": "Engines"})
        )

        one = kept(table, replace(REPORTED, customer_source="stripe", customer_id="cus_1"))

        assert one.customer_id == "ada"
        assert (one.segments["country"], one.segments["plan"], one.segments["account"]) == ("CH", "gold", "Engines")

    def test_a_known_customer_is_found_by_address_which_is_not_stored(self, table: MemoryTable) -> None:
        table.people["ada"] = customer(id="ada")

        one = kept(table, replace(REPORTED, email=ADA.upper()))

        assert one.customer_id == "ada"
        assert "ada@" not in str(one).lower()

    @pytest.mark.parametrize("named", [{"customer_source": "stripe", "customer_id": "cus_1"}, {"email": ADA}])
    def test_who_is_restricted_is_nobody(self, table: MemoryTable, named: dict[str, str]) -> None:
        self.known(table, "stripe#cus_1", customer(id="ada", country="CH", restricted_at=NOON))

        one = kept(table, replace(REPORTED, **named))  # type: ignore[arg-type]  # mypy takes it for any field

        assert (one.customer_id, "country" in one.segments) == ("", "country" in REPORTED.segments)

    def test_the_id_counts_before_the_address(self, table: MemoryTable) -> None:
        self.known(table, "stripe#cus_1", customer(id="ada"))
        table.people["other"] = customer(id="other")

        reported = replace(REPORTED, customer_source="stripe", customer_id="cus_1", email=ADA)
        assert kept(table, reported).customer_id == "ada"

    def test_an_address_that_several_have_tells_nobody(self, table: MemoryTable) -> None:
        table.people = {"ada": customer(id="ada"), "eve": customer(id="eve")}

        assert kept(table, replace(REPORTED, email=ADA)).customer_id == ""

    def test_an_alias_that_leads_nowhere_is_nobody(self, table: MemoryTable) -> None:
        table.aliases["stripe#cus_1"] = "erased"

        assert kept(table, replace(REPORTED, customer_source="stripe", customer_id="cus_1")).customer_id == ""

    def test_who_was_erased_is_nobody_whoever_has_their_address(self, table: MemoryTable) -> None:
        table.erased[hash_alias("stripe#cus_1")] = NOON
        table.people["eve"] = customer(id="eve")
        reported = replace(REPORTED, customer_source="stripe", customer_id="cus_1", email=ADA)

        assert kept(table, reported).customer_id == ""

    def test_who_came_back_after_an_erasure_is_known_again(self, table: MemoryTable) -> None:
        table.erased[hash_alias("stripe#cus_1")] = NOON
        self.known(table, "stripe#cus_1", customer(id="ada"))

        assert kept(table, replace(REPORTED, customer_source="stripe", customer_id="cus_1")).customer_id == "ada"

    def test_nobody_becomes_a_customer_by_an_answer(self, table: MemoryTable) -> None:
        one = kept(table, replace(REPORTED, customer_source="stripe", customer_id="cus_1", email=ADA))

        assert one.customer_id == ""
        assert (table.people, table.aliases) == ({}, {})
        assert "cus_1" not in str(one)


def test_an_answer_of_long_ago_is_kept_as_long_as_one_of_today(table: MemoryTable) -> None:
    one = kept(table, replace(REPORTED, answered_at=NOON - timedelta(days=700)))

    assert (one.due_at, one.occurred_at) == (NOON, NOON - timedelta(days=700))
