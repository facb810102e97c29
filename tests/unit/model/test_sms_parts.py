import pytest

from afterbill.model.sms_parts import parts, plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("Grüße à Ñandú".replace("ú", "u") + "§" * 100, 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ł" * 70, 1),
        ("ł" * 71, 2),
        ("ł" * 134, 2),
        ("ł" * 135, 3),
        ("\N{GRINNING FACE}" * 35, 1),
        ("\N{GRINNING FACE}" * 36, 2),
    ],
)
def test_every_part_of_a_message_is_counted(text: str, expected: int) -> None:
    assert parts(text) == expected


def test_a_character_of_two_places_begins_the_next_part_where_it_does_not_fit() -> None:
    assert parts("a" * 152 + "€" + "a" * 151) == 2
    assert parts("a" * 152 + "€" + "a" * 152) == 3
    # 33 faces and a half would fit: 67 units are an odd number.
    assert parts("\N{GRINNING FACE}" * 66) == 2
    assert parts("\N{GRINNING FACE}" * 67) == 3


def test_fine_typography_is_made_plain() -> None:
    assert plain("l\u2019avis\u00a0: \u201eja\u201c \u2013 \u2026") == 'l\'avis : "ja" - ...'
