import string

from afterbill.model.short_links import ALPHABET, LENGTH, normalised_code, referral_code, short_code
from tests.factories import KEYS, invitation

ID = invitation().id


def test_a_code_is_ten_characters_that_nobody_confuses() -> None:
    code = short_code(ID, KEYS)
    assert len(code) == LENGTH == 10
    assert set(code) <= set(ALPHABET)
    assert len(ALPHABET) == 32
    assert set("ilou").isdisjoint(ALPHABET)


def test_the_same_invitation_has_the_same_code_also_when_a_newer_key_came() -> None:
    assert short_code(ID, KEYS) == short_code(ID, {**KEYS, 9: b"the newest key of all, 32 bytes."})


def test_others_have_others() -> None:
    codes = {short_code(f"{number:032x}", KEYS) for number in range(500)}
    codes |= {short_code(ID, KEYS, attempt) for attempt in range(3)}
    assert len(codes) == 503


def test_the_code_of_a_personal_link_opens_no_survey() -> None:
    assert referral_code(ID, KEYS) not in {short_code(ID, KEYS, attempt) for attempt in range(5)}


def test_a_code_is_read_however_it_is_typed() -> None:
    assert normalised_code("ABCDEFGHJK") == "abcdefghjk"
    assert normalised_code("0O1IlL2345") == "0011112345"


def test_what_cannot_be_a_code_is_none() -> None:
    for text in ("", "abc", "abcdefghjkm", "abcdefghj-", "uuuuuuuuuu", "\u0661" * 10, *string.punctuation):
        assert normalised_code(text) is None
