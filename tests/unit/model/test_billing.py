import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.billing import CustomerRef, fact_key, links_of
from tests.factories import event, news

NAMES = st.text(alphabet=string.ascii_lowercase + "|%27C", max_size=6)


def test_the_invitation_id_is_the_same_for_every_event_that_reports_the_fact() -> None:
    paid, twin = event(event_id="evt_1"), event(event_id="evt_2", objects={"charge": "ch_1"})
    assert paid.invitation_id == twin.invitation_id


def test_the_invitation_id_is_the_first_half_of_the_hash_of_the_fact() -> None:
    assert event(fact="abc").invitation_id == "ba7816bf8f01cfea414140de5dae2223"


@given(st.tuples(*[NAMES] * 5), st.tuples(*[NAMES] * 5))
def test_two_facts_never_share_a_key_whatever_their_ids_contain(
    first: tuple[str, str, str, str, str], second: tuple[str, str, str, str, str]
) -> None:
    assert (fact_key(*first) == fact_key(*second)) == (first == second)


def test_a_bar_inside_an_id_is_not_the_one_between_two() -> None:
    assert fact_key("p", "a|b", "o", "m") != fact_key("p", "a", "b|o", "m")


def test_two_renewals_of_one_subscription_are_two_facts() -> None:
    assert fact_key("p", "a", "sub_1", "renewed", "2026-01") != fact_key("p", "a", "sub_1", "renewed", "2026-02")


def test_a_payment_is_linked_through_what_passes_with_it() -> None:
    objects = {"invoice": "in_1", "charge": "ch_1", "payment_intent": "ch_1", "subscription": "sub_1", "customer": "c"}
    assert event(objects=objects).links == ("test|acct|ch_1", "test|acct|in_1")


def test_the_same_id_in_another_account_is_another_object() -> None:
    here, there = event(fact=fact_key("p", "a", "in_1", "m")), event(fact=fact_key("p", "b", "in_1", "m"))
    assert set(here.links).isdisjoint(there.links)


def test_an_event_that_only_teaches_has_no_fact() -> None:
    assert (news(CustomerRef("cus_1")).touchpoint, news(CustomerRef("cus_1")).fact) == (None, "")


@pytest.mark.parametrize(
    ("email", "address"), [(None, None), ("", None), ("  ", None), (" ada@example.com\n", "ada@example.com")]
)
def test_blanks_are_no_part_of_an_address(email: str | None, address: str | None) -> None:
    assert CustomerRef(email=email).address == address


def test_an_answer_that_no_billing_system_told_of_has_no_links() -> None:
    assert links_of("link|portal", {}) == ()
