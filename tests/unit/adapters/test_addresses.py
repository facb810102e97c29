"""Addresses that no mail can reach, and those where no person reads it."""

import pytest

from afterbill.adapters.addresses import ROLES, address_problem
from afterbill.model.invitation import SkipReason


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com",
        "Ada.King+billing@mail.example.co.uk",
        "o'hara@example.ie",
        "ada@bücher.de",
        "ada@xn--bcher-kva.de",
        "ada@example.test",
        "ada@test",
    ],
)
def test_mail_to_a_person_is_worth_sending(address: str) -> None:
    assert address_problem(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@example.com",
        "ada@localhost",
        "ada@example",
        "ada@example..com",
        "ada..king@example.com",
        "ada king@example.com",
        "Ada <ada@example.com>",
        "ada@example.com\r\nBcc: bob@example.com",
        "ada@[127.0.0.1]",
        "ada@example.invalid",
        "ada@printer.local",
        f"ada@{'x' * 64}.com",
    ],
)
def test_what_is_no_address_is_bad(address: str) -> None:
    assert address_problem(address) is SkipReason.BAD_ADDRESS


@pytest.mark.parametrize("address", ["ädä@example.com", "花子@example.jp", "ｉｎｆｏ@example.com"])
def test_so_is_one_that_ses_cannot_carry(address: str) -> None:
    assert address_problem(address) is SkipReason.BAD_ADDRESS


@pytest.mark.parametrize(
    "address",
    [
        "info@example.com",
        "INFO@Example.com",
        "No-Reply@example.com",
        "info+stripe@example.com",
        "Billing+2026@example.com",
        "rechnung@bücher.de",
        "postmaster@example.test",
    ],
)
def test_a_function_is_no_person_in_any_case_and_with_any_tag(address: str) -> None:
    assert address_problem(address) is SkipReason.ROLE_ADDRESS


@pytest.mark.parametrize("name", sorted(ROLES))
def test_every_name_in_the_list_is_found(name: str) -> None:
    assert address_problem(f"{name.upper()}@example.com") is SkipReason.ROLE_ADDRESS


@pytest.mark.parametrize("address", ["information@example.com", "ada.sales@example.com", "infos@example.com"])
def test_a_name_that_only_resembles_one_is_a_persons(address: str) -> None:
    assert address_problem(address) is None


def test_a_name_of_more_than_64_characters_is_none() -> None:
    assert address_problem(f"{'a' * 65}@example.com") is SkipReason.BAD_ADDRESS
