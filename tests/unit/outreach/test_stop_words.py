import pytest

from afterbill.outreach.stop_words import says_stop


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
        "Please stop",
        "pls STOP",
        "S T O P",
        "s.t.o.p please",
        "unsubscribe me",
        "cancel please",
        "ABMELDEN bitte",
        "opt out please",
        "Arrêter",
        "ARRETEZ",
        "Stoppt das",
        "ende",
        "Stop sending me these messages every single week",
        "Great service, never stop",
    ],
)
def test_who_wants_no_more_is_heard(text: str) -> None:
    assert says_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9",
        "I hope you will never stop doing this",
        "Please do not cancel my subscription",
        "It was fine",
        "Ende gut, alles gut",
        "\u4e0d\u8981",
        "finally",
        "stopping by",
        "the end of it",
    ],
)
def test_who_says_something_else_is_not_taken_for_it(text: str) -> None:
    assert not says_stop(text)
