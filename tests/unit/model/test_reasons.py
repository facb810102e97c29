"""The rule of reasons that people give: they are kept for years."""

import pytest

from afterbill.model.reasons import stated_why


def test_a_reason_is_kept_on_one_line() -> None:
    assert stated_why("  asked\n by phone ") == "asked by phone"


@pytest.mark.parametrize(
    "text", ["ada@example.com asked", "+49 151 2345 6789 called", "x" * 301, "a\x1b[1m"], ids=lambda text: text[:8]
)
def test_a_reason_names_nobody_and_is_short(text: str) -> None:
    with pytest.raises(ValueError, match=r"takes at most|is stored"):
        stated_why(text)


@pytest.mark.parametrize("text", ["ticket 48213, 3 mails", "letter 2026-118", "letter of 2026-11-30"])
def test_a_number_of_a_ticket_and_a_day_are_reasons(text: str) -> None:
    assert stated_why(text) == text
