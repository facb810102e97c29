"""Comments without what tells who somebody is, in whatever spelling, and without what nobody sees."""

import re
import unicodedata

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill_cli.mcp.masking import REGIONS, masked
from afterbill_cli.mcp.plain import plain

FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
GLUE = st.sampled_from(["", " ", ".", "-", "\u200b", "\u00a0", "\n", " . ", "\u2060"])
WORDS = st.sampled_from(["", "Hello", "my card:", "Konto", "see", "danke!", "(", "  ", "ü", "3 Tage"])
ACCOUNTS = [
    "DE89370400440532013000",
    "GB82WEST12345698765432",
    "AT611904300234573201",
    "CH9300762011623852957",
    "NO9386011117947",
    "MT84MALT011000012345MTLCAST001S",
]


def card(digits: list[int]) -> str:
    """Return the digits with the check digit of Luhn."""
    total = sum(sum(divmod(2 * digit, 10)) if place % 2 == 0 else digit for place, digit in enumerate(reversed(digits)))
    return "".join(map(str, digits)) + str(-total % 10)


@st.composite
def spelled(draw: st.DrawFn, text: st.SearchStrategy[str]) -> tuple[str, str]:
    """Draw a text, and a sentence in which it is spelled with blanks, dots, digits of others and what nobody sees."""
    hidden = draw(text)
    table = draw(st.sampled_from([{}, FULL_WIDTH, ARABIC]))
    letters = [letter + draw(GLUE) for letter in hidden[:-1]] + [hidden[-1]]
    return hidden, f"{draw(WORDS)} {''.join(letters).translate(table)} {draw(WORDS)}"


def squeezed(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper()


@given(spelled(st.lists(st.integers(0, 9), min_size=12, max_size=18).map(card)))
def test_no_card_survives(drawn: tuple[str, str]) -> None:
    hidden, sentence = drawn

    assert hidden not in squeezed(masked(sentence))


@given(drawn=spelled(st.sampled_from(ACCOUNTS)), small=st.booleans())
def test_no_account_survives(drawn: tuple[str, str], *, small: bool) -> None:
    hidden, sentence = drawn

    assert hidden not in squeezed(masked(sentence.lower() if small else sentence))


HOLDERS = st.from_regex(r"[a-z][a-z0-9+_-]{0,12}(\.[a-z0-9+_-]{1,12}){0,3}", fullmatch=True)
HOSTS = st.from_regex(r"[a-z][a-z0-9]{0,12}(\.[a-z][a-z0-9]{0,8}){0,2}\.(com|example|co\.uk|museum)", fullmatch=True)
ATS = st.sampled_from(["@", " @ ", "＠", "\u200b@", " (at) ", "[AT]", "&#64;", "﹫", "@\u202e", " @\n"])
DOTS = st.sampled_from([".", " . ", "．", ". ", " (dot) ", "。", "\u2024"])


@given(holder=HOLDERS, host=HOSTS, at=ATS, dot=DOTS, word=WORDS, wide=st.booleans())
def test_no_address_survives(holder: str, host: str, at: str, dot: str, word: str, *, wide: bool) -> None:  # noqa: PLR0913  # the parts of an address
    address = f"{holder}{at}{host.replace('.', dot)}"
    wider = address.translate({code: code + 0xFEE0 for code in range(0x30, 0x7B)}) if wide else address

    left = masked(f"{word} {wider} {word}")

    assert "[e-mail]" in left
    assert not re.search(rf"(?<!\w){re.escape(holder)}(?!\w)", left.replace("[e-mail]", "").replace(word, ""))
    assert host not in left


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a d a @ e x a m p l e . c o m, thanks", "[e-mail], thanks"),
        ("ada at example dot com", "[e-mail]"),
        ('"Ada L" @example.com', "[e-mail]"),
        ("ada@localhost", "[e-mail]"),
        ("ada@[192.0.2.1]", "[e-mail]"),
        ("Customer 1234 5678 9012", "Customer [number]"),
        ("on 2026-11-22 at 9.30", "on 2026-11-22 at 9.30"),
        ("paid 1.234,50 EUR, 3 times", "paid 1.234,50 EUR, 3 times"),
        ("thanks @acme for it. Bye", "thanks @acme for it. Bye"),
        ("+49 (0)30/901820 oder 030 901820", "[phone] oder [phone]"),
    ],
)
def test_what_is_masked_and_what_is_not(text: str, left: str) -> None:
    assert masked(text) == left


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize(
    "form", [phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL]
)
def test_numbers_are_known_as_their_countries_write_them(region: str, form: int) -> None:
    number = phonenumbers.format_number(phonenumbers.example_number(region), form)

    assert masked(f"call {number} now").startswith("call [")
    assert not re.search(r"\d{3}", masked(f"call {number.translate(FULL_WIDTH)} now"))


def test_a_number_is_read_as_people_of_the_customers_country_write_it() -> None:
    assert masked("call 06 12345678", country="NL") == "call [phone]"


@pytest.mark.parametrize("text", ["Ada", "ADA LOVELACE", "Adas", "Ada's", "Lovelace-Byron", "Ａｄａ", "a\u200bda"])
def test_known_names_are_masked(text: str) -> None:
    left = masked(f"I am {text}.", ["Ada Lovelace"])

    assert "[name]" in left
    assert "ada" not in left.lower()
    assert "lovelace" not in left.lower()


def test_a_name_is_no_part_of_another_word_and_a_single_letter_is_none() -> None:
    assert masked("Canada is a country", ["Ada A"]) == "Canada is a country"


@given(st.text(max_size=200))
def test_nothing_unseen_is_left(text: str) -> None:
    left = plain(text + "\U000e0041\u202e\u200d\ufe0f\u3164\x1b[31m")

    assert {unicodedata.category(letter) for letter in left if letter != "\n"} & {"Cc", "Cf", "Cs", "Co", "Cn"} == set()
    assert not set(left) & set("\ufe0f\u3164\u2800\u034f")


def test_marks_that_are_stacked_on_letters_do_not_hide_an_address() -> None:
    assert masked("a\u0336d\u0336a\u0336@\u0336example.com") == "[e-mail]"


@pytest.mark.parametrize(
    "text", ["a " * 2500, "1 " * 2500, "a." * 2500, "a" * 5000, "@" * 5000, "a@" * 2500, '"' * 5000]
)
def test_a_text_that_was_written_to_take_long_does_not(text: str) -> None:
    assert len(masked(text)) <= len(text) * 8
