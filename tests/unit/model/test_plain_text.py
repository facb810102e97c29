"""Texts of outsiders on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.model.plain_text import harmless, one_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, ä, 漢字, 👍🏽", "plain, ä, 漢字, 👍🏽"),
        ("\x1b[2J\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;your title\x07x", "x"),
        ("\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
        ("\x1bcreset", "reset"),
        ("cut \x1b", "cut "),
        ("a\x00\x08\x7fb", "ab"),
        ("pay\u202egnp.exe\u2069", "paygnp.exe"),
        ("hid\u200bden\ufeff", "hidden"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("one\r\ntwo\rthree\u2028four\ttab", "one\ntwo\nthree\nfour tab"),
        ("half \ud83d", "half ?"),
    ],
)
def test_letters_and_line_breaks_are_left(text, shown):
    assert harmless(text) == shown


@given(st.text())
def test_nothing_that_steers_a_terminal_is_left(text):
    assert not {letter for letter in harmless(text) if (letter < " " and letter != "\n") or "\x7f" <= letter <= "\x9f"}


def test_one_line_is_one_line():
    assert one_line(" a\n\n b\tc ") == "a b c"
