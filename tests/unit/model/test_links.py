import base64
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.links import Link, Purpose, derive_key, read, sign

OLD, NEW = b"o" * 32, b"n" * 32
KEYS = {0: OLD, 1: NEW}
ID = "0123456789abcdef" * 2
EXPIRY = datetime(2028, 11, 22, 12, tzinfo=UTC)
TOKEN = sign(Purpose.SURVEY, ID, EXPIRY, KEYS)
ALPHABET = string.ascii_letters + string.digits + "-_"


@given(
    purpose=st.sampled_from(Purpose),
    id_=st.binary(min_size=16, max_size=16).map(bytes.hex),
    seconds=st.integers(0, 2**32 - 1),
    keys=st.dictionaries(st.integers(0, 255), st.binary(min_size=1), min_size=1),
)
def test_what_was_signed_is_read_back(purpose: Purpose, id_: str, seconds: int, keys: dict[int, bytes]) -> None:
    expires_at = datetime.fromtimestamp(seconds, UTC)
    assert read(sign(purpose, id_, expires_at, keys), purpose, keys) == Link(id_, expires_at)


def test_a_token_is_52_characters_that_need_no_escaping_in_a_path() -> None:
    assert len(TOKEN) == 52
    assert set(TOKEN) <= set(ALPHABET)


@pytest.mark.parametrize("position", range(39))
def test_a_change_of_any_byte_is_noticed(position: int) -> None:
    signed = base64.urlsafe_b64decode(TOKEN)
    for bit in range(8):
        changed = bytes([*signed[:position], signed[position] ^ 1 << bit, *signed[position + 1 :]])
        assert read(base64.urlsafe_b64encode(changed).decode(), Purpose.SURVEY, KEYS) is None


def test_a_link_of_one_purpose_is_worth_nothing_for_another() -> None:
    assert read(TOKEN, Purpose.UNSUBSCRIBE, KEYS) is None


def test_the_newest_key_signs() -> None:
    assert read(TOKEN, Purpose.SURVEY, {1: NEW})
    assert read(TOKEN, Purpose.SURVEY, {0: OLD}) is None


def test_links_signed_before_a_rotation_still_work() -> None:
    before = sign(Purpose.SURVEY, ID, EXPIRY, {0: OLD})
    assert read(before, Purpose.SURVEY, KEYS)


def test_a_key_known_under_another_id_does_not_verify() -> None:
    assert read(TOKEN, Purpose.SURVEY, {2: NEW}) is None


def test_an_empty_key_never_verifies() -> None:
    assert read(sign(Purpose.SURVEY, ID, EXPIRY, {0: b""}), Purpose.SURVEY, {0: b""}) is None


@pytest.mark.parametrize(
    "token",
    ["", "a", TOKEN[:-1], TOKEN[:-4], TOKEN + "A", TOKEN + "AAAA", TOKEN + "=", " " + TOKEN, TOKEN + "\n", "ä" * 52],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert read(token, Purpose.SURVEY, KEYS) is None


@given(st.text(max_size=60))
def test_no_text_makes_reading_fail(text: str) -> None:
    assert read(text, Purpose.SURVEY, KEYS) is None


def _with_both_marks() -> str:
    """A token in which base64 needs `-` and `_`."""
    tokens = (sign(Purpose.SURVEY, ID, EXPIRY + timedelta(seconds=n), KEYS) for n in range(1000))
    return next(token for token in tokens if "-" in token and "_" in token)


@pytest.mark.parametrize(("ours", "theirs"), [("-", "+"), ("_", "/")])
def test_the_other_alphabet_of_base64_is_no_second_spelling(ours: str, theirs: str) -> None:
    token = _with_both_marks()
    assert read(token, Purpose.SURVEY, KEYS)
    assert read(token.replace(ours, theirs), Purpose.SURVEY, KEYS) is None


@given(position=st.integers(0, 51), character=st.sampled_from(sorted({*string.printable} - {*"\r\n"})))
def test_no_other_spelling_of_a_token_is_accepted(position: int, character: str) -> None:
    spelling = TOKEN[:position] + character + TOKEN[position + 1 :]
    assert (read(spelling, Purpose.SURVEY, KEYS) is not None) == (spelling == TOKEN)


def test_each_use_of_a_secret_has_a_key_of_its_own() -> None:
    assert len(derive_key("secret", "links")) == 32
    assert len({derive_key("secret", "links"), derive_key("secret", "identity"), derive_key("other", "links")}) == 3
