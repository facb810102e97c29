import string

from afterbill.model.short_links import ALPHABET, LENGTH, code_of, referral_code, spelled
from tests.factories import KEYS, invitation

ID = invitation().id


def test_a_code_is_ten_characters_that_nobody_confuses() -> None:
    code = code_of(ID, KEYS)
    assert len(code) == LENGTH == 10
    assert set(code) <= set(ALPHABET)
    assert len(ALPHABET) == 32
    assert set("ilou").isdisjoint(ALPHABET)


def test_the_same_invitation_has_the_same_code_also_when_a_newer_key_came() -> None:
    assert code_of(ID, KEYS) == code_of(ID, {**KEYS, 9: b"the newest key of all, 32 bytes."})


def test_others_have_others() -> None:
    codes = {code_of(f"{number:032x}", KEYS) for number in range(500)}
    codes |= {code_of(ID, KEYS, attempt) for attempt in range(3)}
    assert len(codes) == 503


def test_the_code_of_a_personal_link_opens_no_survey() -> None:
    assert referral_code(ID, KEYS) not in {code_of(ID, KEYS, attempt) for attempt in range(5)}


def test_a_code_is_read_however_it_is_typed() -> None:
    assert spelled("ABCDEFGHJK") == "abcdefghjk"
    assert spelled("0O1IlL2345") == "0011112345"


def test_what_cannot_be_a_code_is_none() -> None:
    for text in ("", "abc", "abcdefghjkm", "abcdefghj-", "uuuuuuuuuu", "\u0661" * 10, *string.punctuation):
        assert spelled(text) is None
