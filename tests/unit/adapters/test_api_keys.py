"""Keys of the answer API."""

from dataclasses import replace

import pytest

from afterbill.answers.api_keys import ApiKey, admits, hash_of, parts_of, spelled
from tests.factories import NOON

SECRET = "s3cret-_" * 5 + "abc"
KEY = ApiKey("0123456789abcdef", "support", ("responses:write",), hash_of(SECRET), NOON)


def test_a_key_is_taken_apart_as_it_was_put_together() -> None:
    assert parts_of(spelled(KEY.id, SECRET)) == (KEY.id, SECRET)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ab_",
        f"ab_{KEY.id}",
        f"ab_{KEY.id}_",
        f"AB_{KEY.id}_{SECRET}",
        f"ab_{KEY.id}_{SECRET}x",
        f"ab_x_{SECRET}",
        f"ab_{KEY.id}_{SECRET}\n",
        f"ab_{KEY.id.upper()}_{SECRET}",
        f"ab_{KEY.id}_{SECRET[:-1]}é",
    ],
)
def test_what_can_be_no_key_is_none(text: str) -> None:
    assert parts_of(text) is None


def test_its_own_secret_opens_and_no_other() -> None:
    assert admits(KEY, SECRET)
    assert not admits(KEY, SECRET[::-1])


def test_a_revoked_key_opens_nothing() -> None:
    assert not admits(replace(KEY, revoked_at=NOON), SECRET)


def test_a_key_that_is_not_there_opens_nothing() -> None:
    assert not admits(None, SECRET)
