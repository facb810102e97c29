"""Importing customers: the rules of capturing, in chunks."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.intake.ports import MOST_WRITES, FactWrites
from afterbill.model.billing import BillingEvent, CustomerRef
from afterbill.model.customer import Customer
from afterbill.model.errors import TransientError
from afterbill_cli.importing.import_customers import TOGETHER, CustomerImportDeps, Outcome, import_customers
from afterbill_cli.memory.table import MemoryTable
from tests.factories import ADA, DAY, HOUR, NOON, hash_address, hash_alias, ids, news

NEW, CHANGED, UNCHANGED, ERASED = Outcome
NEW_ID = ids("customer")


@dataclass
class Table(MemoryTable):
    """Counts its commits; `refusals` are commits that lose their race, `failures` those that meet a busy table."""

    commits: list[FactWrites] = field(default_factory=list)
    refusals: int = 0
    failures: list[int] = field(default_factory=list)

    def commit(self, change: FactWrites) -> bool:
        self.commits.append(change)
        assert len(change.customers) + len(change.aliases) <= MOST_WRITES
        if len(self.commits) in self.failures:
            raise TransientError("throttled")
        self.refusals -= 1
        return self.refusals < 0 and super().commit(change)

    def person(self, alias: str) -> Customer:
        """Return the customer of this alias."""
        known = self.customer(self.aliases[alias])
        assert known
        return known


@pytest.fixture
def table() -> Table:
    return Table()


def importing(table: MemoryTable) -> CustomerImportDeps:
    return CustomerImportDeps(table, hash_address, hash_alias, NEW_ID, NOON)


def row(**words: str | None) -> BillingEvent:
    """A row of the shop's customers, true since noon."""
    return news(CustomerRef(**{"id": "1", "email": ADA} | words))


def crowd(count: int, **words: str) -> list[BillingEvent]:
    return [row(id=str(number), email=f"person{number}@example.com", **words) for number in range(count)]


def test_a_new_customer_is_known_by_id(table: Table) -> None:
    assert import_customers([row(name="Ada")], importing(table)).outcomes == {NEW: 1}
    assert set(table.aliases) == {"shop#1"}
    assert table.person("shop#1").name == "Ada"


def test_what_is_known_already_is_not_written_again(table: Table) -> None:
    import_customers(crowd(250), importing(table))
    table.commits.clear()

    assert import_customers(crowd(250), importing(table)).outcomes == {UNCHANGED: 250}
    assert table.commits == []


def test_the_latest_word_wins_whichever_way_it_came(table: Table) -> None:
    import_customers([news(CustomerRef("1", email=ADA, name="Ada"), NOON)], importing(table))

    older = import_customers([news(CustomerRef("1", email=ADA, name="Miss Byron"), NOON - DAY)], importing(table))
    later = import_customers([news(CustomerRef("1", email=ADA, name="Lady Lovelace"), NOON + DAY)], importing(table))

    assert (older.outcomes, later.outcomes) == ({UNCHANGED: 1}, {CHANGED: 1})
    assert table.person("shop#1").name == "Lady Lovelace"


def test_rows_of_one_chunk_see_each_other(table: Table) -> None:
    rows = [row(), row(country="GB"), row(locale="en"), row()]

    assert import_customers(rows, importing(table)).outcomes == {NEW: 1, CHANGED: 2, UNCHANGED: 1}


def test_a_row_without_an_id_is_a_customer_of_their_own(table: Table) -> None:
    assert import_customers([row(name="Ada"), row(id=None)], importing(table)).outcomes == {NEW: 2}
    assert table.person(f"shop@{hash_address(ADA)}").name != "Ada"


def test_a_row_about_nobody_changes_nothing(table: Table) -> None:
    assert import_customers([row(id=None, email=None)], importing(table)).outcomes == {UNCHANGED: 1}


def test_no_rows_are_no_work(table: Table) -> None:
    assert import_customers([], importing(table)).outcomes == {}


def test_an_alias_of_somebody_erased_leads_to_a_new_customer(table: Table) -> None:
    table.aliases["shop#1"] = "erased"

    assert import_customers([row()], importing(table)).outcomes == {NEW: 1}


def test_transactions_are_full(table: Table) -> None:
    import_customers(crowd(TOGETHER), importing(table))

    assert [len(one.customers) + len(one.aliases) for one in table.commits] == [100, 100]


# Who was erased


def test_who_was_erased_is_passed_over(table: Table) -> None:
    table.erased[hash_alias("shop#1")] = NOON - DAY

    assert import_customers([row(), row(id="2")], importing(table)).outcomes == {ERASED: 1, NEW: 1}
    assert set(table.aliases) == {"shop#2"}


def test_unless_they_are_to_be_known_again(table: Table) -> None:
    table.erased[hash_alias("shop#1")] = NOON + DAY

    included = replace(importing(table), include_erased=True)
    assert import_customers([row(name="Ada")], included).outcomes == {NEW: 1}
    assert table.person("shop#1").name == "Ada"


def test_who_came_back_learns_what_is_newer_than_the_erasure(table: Table) -> None:
    import_customers([row()], importing(table))
    table.erased[hash_alias("shop#1")] = NOON

    old, new = row(name="Ada"), news(CustomerRef("1", email=ADA, country="GB"), NOON + HOUR)
    assert import_customers([old, new], importing(table)).outcomes == {ERASED: 1, CHANGED: 1}
    assert (table.person("shop#1").name, table.person("shop#1").country) == (None, "GB")


# Others at the same items


def test_a_lost_race_is_read_and_tried_again_with_what_was_lost_only(table: Table) -> None:
    table.refusals = 1

    assert import_customers(crowd(TOGETHER), importing(table)).outcomes == {NEW: TOGETHER}
    assert len(table.people) == TOGETHER
    assert len(table.commits) == 3


def test_who_keeps_losing_among_others_is_tried_alone(table: Table) -> None:
    table.refusals = 2

    assert import_customers(crowd(10), importing(table)).outcomes == {NEW: 10}
    assert [len(one.customers) for one in table.commits] == [10, 10, *[1] * 10]


def test_who_loses_even_alone_is_left_for_later(table: Table) -> None:
    table.refusals = 1000
    rows = crowd(2)

    imported = import_customers(rows, importing(table))

    assert (imported.outcomes, imported.left) == ({}, tuple(rows))
    assert imported.problem == "others kept writing to the same customers"


def test_what_somebody_else_wrote_in_between_is_kept(table: Table) -> None:
    class Hasty(Table):
        def commit(self, change: FactWrites) -> bool:
            if not self.commits:
                import_customers([row(country="GB", name="Augusta")], importing(table))
            return super().commit(change)

    hasty = Hasty(people=table.people, aliases=table.aliases)

    assert import_customers([row(name="Ada")], importing(hasty)).outcomes == {CHANGED: 1}
    assert (table.person("shop#1").name, table.person("shop#1").country) == ("Ada", "GB")


def test_a_busy_table_leaves_the_rest_for_later(table: Table) -> None:
    table.failures = [2]
    rows = crowd(TOGETHER)

    imported = import_customers(rows, importing(table))

    assert (imported.outcomes, len(imported.left), imported.problem) == ({NEW: 50}, 50, "throttled")
    assert import_customers(imported.left, importing(table)).outcomes == {NEW: 50}


def test_a_table_that_cannot_be_read_leaves_everything(table: Table) -> None:
    class Closed(Table):
        def customers(self, _ids: object) -> Mapping[str, Customer]:
            raise TransientError("closed")

    import_customers([row()], importing(table))

    imported = import_customers([row()], importing(Closed(aliases=table.aliases)))

    assert (imported.left, imported.problem) == ((row(),), "closed")


# Whatever the order, whatever the pieces

ROWS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from([None, *"123456"]), st.booleans(), st.booleans()),
    max_size=12,
    unique_by=(lambda row: row[0], lambda row: row[1] or row[0]),
)


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[list[BillingEvent], list[BillingEvent]]:
    """Rows about distinct addresses and ids, each with a time and words of its own, in any two orders."""
    rows = [
        news(
            CustomerRef(
                id=id_,
                email=f"{holder}@example.com",
                name=f"Name {holder}" if named else None,
                attributes={"seats": holder} if seated else {},
            ),
            NOON + timedelta(hours=hour),
        )
        for hour, (holder, id_, named, seated) in enumerate(draw(ROWS))
    ]
    return draw(st.permutations(rows)), draw(st.permutations(rows))


def known(table: MemoryTable) -> dict[str, object]:
    """Return the person behind each alias, named by all aliases of the person, because ids of customers are random."""
    behind = {alias: table.customer(to) for alias, to in table.aliases.items()}
    names = {
        person.id: frozenset(alias for alias, other in behind.items() if other == person)
        for person in behind.values()
        if person
    }
    return {
        alias: (names[person.id], person.address, person.name, person.attributes)
        for alias, person in behind.items()
        if person
    }


def before() -> MemoryTable:
    """A table in which some are known: under two ids and an address they have left, under an id, under an address."""
    table = MemoryTable()
    rows = [
        CustomerRef("1", email="a@example.com"),
        CustomerRef("2", email="a@example.com", name="Ada"),
        CustomerRef("1", email="elsewhere@example.com"),
        CustomerRef("3", name="Kenji"),
        CustomerRef(email="b@example.com", attributes={"seats": "9"}),
    ]
    import_customers([news(one, NOON - DAY + n * HOUR) for n, one in enumerate(rows)], importing(table))
    # A word that is only said again keeps its older time, so that nothing has to be written; here every word is news.
    table.people = {id_: replace(one, address=None) for id_, one in table.people.items()}
    return table


@given(shuffled(), st.integers(1, 5))
def test_rows_in_any_order_and_in_any_pieces_give_the_same_customers(
    rows: tuple[list[BillingEvent], list[BillingEvent]], piece: int
) -> None:
    one_go, other_order, pieces = before(), before(), before()

    import_customers(rows[0], importing(one_go))
    import_customers(rows[1], importing(other_order))
    for start in range(0, len(rows[0]), piece):
        import_customers(rows[0][start : start + piece], importing(pieces))

    assert known(other_order) == known(one_go)
    assert known(pieces) == known(one_go)


@given(shuffled())
def test_an_import_does_what_capturing_each_row_would_do(
    rows: tuple[list[BillingEvent], list[BillingEvent]],
) -> None:
    together, alone = before(), before()

    import_customers(rows[0], importing(together))
    for row in rows[0]:
        import_customers([row], importing(alone))

    assert known(alone) == known(together)
