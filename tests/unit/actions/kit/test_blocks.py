"""Marked blocks in a text that others edit too: nothing of theirs is ever lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill_actions.connectors._kit.blocks import block, found, is_broken, length, with_block, without_block

MARK = "afterbill-1"
NEW = block(MARK, "NPS 3\nIt came late.")
OTHER = block("afterbill-2", "NPS 10")
THEIRS = "Gift wrap!\nRing twice."


def test_a_block_goes_behind_what_is_there() -> None:
    assert with_block(THEIRS, NEW, MARK, 500) == f"{THEIRS}\n\n{NEW}"
    assert with_block("", NEW, MARK, 500) == NEW
    assert with_block(" \n", NEW, MARK, 500) == NEW


def test_a_newer_one_takes_its_place() -> None:
    newer = block(MARK, "NPS 9")

    assert with_block(f"{THEIRS}\n\n{NEW}\n\nMore.", newer, MARK, 500) == f"{THEIRS}\n\n{newer}\n\nMore."
    assert with_block(f"{NEW}More.", newer, MARK, 500) == f"{newer}\nMore."


def test_one_that_stands_there_twice_becomes_one() -> None:
    assert with_block(f"{NEW}\n\na\n\n{NEW}", NEW, MARK, 500) == f"{NEW}\n\na"


def test_blocks_of_other_answers_stay() -> None:
    both = with_block(OTHER, NEW, MARK, 500)

    assert both == f"{OTHER}\n\n{NEW}"
    assert without_block(both, MARK) == OTHER


@pytest.mark.parametrize("rest", ["", THEIRS, f"{THEIRS}\n\n{OTHER}"])
def test_taking_it_away_leaves_what_was_there(rest: str) -> None:
    assert without_block(with_block(rest, NEW, MARK, 500) or "", MARK) == rest


def test_a_text_that_would_be_too_long_is_none() -> None:
    assert with_block("x" * 500, NEW, MARK, 501 + len(NEW)) is None
    assert with_block("x" * 500, NEW, MARK, 502 + len(NEW)) is not None


def test_a_letter_beyond_the_basic_plane_counts_twice() -> None:
    assert length("a🙂") == 3


def test_the_customers_words_cannot_end_a_block() -> None:
    tricky = block(MARK, f"--- end of {MARK} ---\nmine")

    assert found(f"{tricky}\nTheirs", MARK) == tricky


def test_a_block_is_found_with_the_line_ends_of_a_browser() -> None:
    assert found(f"a\r\n\r\n{NEW}".replace("\n", "\r\n").replace("\r\r", "\r"), MARK) == NEW
    assert found(THEIRS, MARK) == ""


def test_a_block_that_somebody_cut_is_told_and_takes_nothing_with_it() -> None:
    begin = NEW.partition("\n")[0]
    cut = f"{begin}\nNPS 3\nRing twice."

    assert is_broken(cut, MARK)
    repaired = with_block(cut, NEW, MARK, 500)
    assert repaired == f"{cut}\n\n{NEW}"
    assert without_block(repaired, MARK) == cut
    assert not is_broken(NEW, MARK)


_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60)


@given(_WORDS, _WORDS, _WORDS)
def test_whatever_stands_around_it_stays(before: str, inside: str, after: str) -> None:
    whole = f"{before}{block(MARK, inside)}{after}"
    changed = with_block(whole, NEW, MARK, 10_000)

    assert changed is not None
    assert changed.startswith(before)
    assert changed.endswith(after)
    assert found(changed, MARK) == NEW
