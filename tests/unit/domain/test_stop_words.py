import pytest

from afterbill.domain.stop_words import says_stop


@pytest.mark.parametrize(
    "text",
    [
        "STOP",
        " stop. ",
        "Stopp!",
        "ARRÊT",
        "arret svp",
        "Alto",
        "Basta, grazie",
        "stop please",
        "abmelden",
        "Désabonner",
        "Opt-Out",
        "STOP ALL",
        "unsubscribe",
        "Désinscrire",
    ],
)
def test_who_wants_no_more_is_heard(text: str) -> None:
    assert says_stop(text)


@pytest.mark.parametrize(
    "text", ["", "9", "Great service, never stop", "Ende gut, alles gut", "\u4e0d\u8981", "finally", "the end of it"]
)
def test_who_says_something_else_is_not_taken_for_it(text: str) -> None:
    assert not says_stop(text)
