from datetime import timedelta
from typing import Any

import pytest

from afterbill.answers.follow_link import FollowLinkDeps, follow_code, follow_referral
from afterbill.model import links
from afterbill.model.links import Purpose
from afterbill.model.short_links import GRACE, ShortLink, referral_code, short_code
from afterbill_cli.memory.keys import MemoryLinkKeys
from afterbill_cli.memory.table import MemoryTable
from tests.factories import DAY, KEYS, NOON, SECOND, invitation, survey_token

ID, CODE = invitation().id, short_code(invitation().id, KEYS)
UNTIL = NOON + 30 * DAY
PAGE = "https://shop.example/friends"


def following(page: str = PAGE, **keys: Any) -> tuple[FollowLinkDeps, MemoryTable]:
    table = MemoryTable(invitations={ID: invitation()})
    table.keep(ShortLink(CODE, ID, UNTIL))
    link_keys = MemoryLinkKeys(keys.get("known", KEYS), KEYS)
    return FollowLinkDeps(table, table, link_keys, lambda _touchpoint: page, "https://n.example"), table


def referral(lives: timedelta = 400 * DAY) -> str:
    return survey_token(invitation(), Purpose.REFERRAL, lives)


def followed(page: str = PAGE, *, counts: bool = True) -> str | None:
    return follow_referral(referral(), following(page)[0], NOON, counts=counts)


# Short links


@pytest.mark.parametrize("typed", [CODE, CODE.upper(), CODE.replace("0", "O").replace("1", "l")])
def test_a_short_link_leads_to_its_survey_however_it_is_typed(typed: str) -> None:
    address = follow_code(typed, following()[0], NOON)
    assert address is not None
    token = address.removeprefix("https://n.example/s/")
    assert links.read(token, Purpose.SURVEY, KEYS) == links.Link(ID, UNTIL)


def test_it_is_signed_with_the_newest_key() -> None:
    address = follow_code(CODE, following()[0], NOON) or ""
    token = address.rpartition("/")[2]
    assert links.read(token, Purpose.SURVEY, {max(KEYS): KEYS[max(KEYS)]})


def test_one_that_is_over_leads_to_the_page_that_says_so_and_later_nowhere() -> None:
    assert follow_code(CODE, following()[0], UNTIL + GRACE) is not None
    assert follow_code(CODE, following()[0], UNTIL + GRACE + SECOND) is None


@pytest.mark.parametrize("typed", ["", "abc", "zzzzzzzzzz", "../../etc", CODE + "0"])
def test_what_is_no_short_link_leads_nowhere(typed: str) -> None:
    assert follow_code(typed, following()[0], NOON) is None


# Personal links


def test_a_personal_link_leads_to_the_operators_page_with_the_code_of_its_customer() -> None:
    assert followed() == f"{PAGE}?ref={referral_code(ID, KEYS)}"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("https://shop.example/?a=1", "https://shop.example/?a=1&ref={}"),
        ("https://shop.example/?a=%20b#top", "https://shop.example/?a=%20b&ref={}#top"),
        ("https://shop.example", "https://shop.example?ref={}"),
    ],
)
def test_the_code_is_added_to_whatever_the_page_says(page: str, expected: str) -> None:
    assert followed(page) == expected.format(referral_code(ID, KEYS))


def test_only_visits_of_people_are_counted() -> None:
    there, table = following()
    for counts in (True, False, True):
        assert follow_referral(referral(), there, NOON, counts=counts)
    assert table.invitations[ID].referred == 2


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x" * 52,
        survey_token(invitation()),
        referral(timedelta(0)),
        survey_token(invitation(id="cd" * 16), Purpose.REFERRAL),
    ],
)
def test_forged_swapped_expired_and_orphaned_links_lead_nowhere(token: str) -> None:
    there, table = following()
    assert follow_referral(token, there, NOON + SECOND, counts=True) is None
    assert table.invitations[ID].referred == 0


def test_a_brand_without_such_a_page_leads_nowhere() -> None:
    assert followed("") is None


def test_a_link_signed_by_a_key_that_just_came_is_read() -> None:
    there, _ = following(known={0: KEYS[0]})
    assert follow_referral(referral(), there, NOON, counts=False)
