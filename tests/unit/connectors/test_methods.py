from pathlib import Path

import pytest

from afterbill.connectors._kit.methods import method_of

PAGE = Path(__file__).resolve().parents[3] / "docs" / "sources.md"


@pytest.mark.parametrize("spelled", ["card", "CARD", " Credit Card ", "credit-card", "creditcard", "visa"])
def test_one_way_of_paying_has_one_name(spelled: str) -> None:
    assert method_of(spelled) == "card"


@pytest.mark.parametrize(
    ("spelled", "name"),
    [
        ("SOFORT", "sofort"),
        ("Pay by bank", "pay_by_bank"),
        ("Money order (post)", "money_order_post"),
        ("2Checkout", "2checkout"),
    ],
)
def test_an_unknown_one_stays_as_it_is_in_lower_case(spelled: str, name: str) -> None:
    assert method_of(spelled) == name


def test_a_word_that_one_system_uses_for_something_else_is_read_as_that_system_means_it() -> None:
    assert method_of("bacs") == method_of("bacs", "gocardless") == "bacs_debit"
    assert method_of("bacs", "woocommerce") == "bank_transfer"


@pytest.mark.parametrize(
    "value", [None, 7, "", " ", "Visa 4242", "4111111111111111", "x" * 41, "(-)", {"type": "card"}]
)
def test_what_is_no_word_or_may_be_a_number_of_an_account_is_dropped(value: object) -> None:
    assert method_of(value) == ""


def test_the_page_lists_every_name_and_spelling() -> None:
    section = PAGE.read_text().partition("## Payment methods")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    listed = [(name.strip("`"), spelled) for name, spellings in rows for spelled in spellings.split(", ")]
    assert listed
    for name, spelled in listed:
        word, _, at = spelled.partition(" at ")
        assert method_of(word.strip("`"), at.lower()) == name
