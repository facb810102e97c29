import pytest

from afterbill.adapters.phones import mobile_number


@pytest.mark.parametrize(
    ("spelled", "country", "number"),
    [
        ("+49 151 2345 6789", None, "+4915123456789"),
        ("0151/23456789", "DE", "+4915123456789"),
        (" 079 123 45 67", "ch", "+41791234567"),
        ("07400 123456", "GB", "+447400123456"),
        ("+1 415 555 2671", "DE", "+14155552671"),
    ],
)
def test_a_number_has_one_spelling(spelled: str, country: str | None, number: str) -> None:
    assert mobile_number(spelled, country) == number


@pytest.mark.parametrize(
    ("spelled", "country"),
    [
        (None, "DE"),
        ("", "DE"),
        ("none", "DE"),
        ("0151 23456789", None),
        ("0151 23456789", "XX"),
        ("030 123456", "DE"),
        ("0900 1234567", "DE"),
        ("+49 151 2", None),
        ("1" * 50, "DE"),
        ("\u0661\u0665", "DE"),
    ],
)
def test_what_gets_no_text_messages_is_none(spelled: str | None, country: str | None) -> None:
    assert mobile_number(spelled, country) is None
