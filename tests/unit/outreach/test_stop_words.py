import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.outreach import stop_words
from afterbill.outreach.stop_words import says_stop

AWS = ("ARRET", "CANCEL", "END", "OPT-OUT", "OPTOUT", "QUIT", "REMOVE", "STOP", "TD", "UNSUBSCRIBE")
"""The keywords that AWS End User Messaging requires."""

WISHES = {
    "en": (
        "Unsubscribe me from these messages now please",
        "please stop sending me these text messages",
        "Can you please stop sending me these text messages, thank you",
        "I do not want any more of these, please unsubscribe me",
        "I want to opt out of all of this right now",
        "please opt me out of this, I never signed up",
        "Please remove my number from your list",
        "remove me from this thing right away please",
        "End these texts",
        "quit texting me every single day of the week",
        "why won't you stop sending me this",
        "you never stop sending me these messages",
        "Hello, I already told you to stop sending me these text messages",
    ),
    "de": (
        "Bitte keine SMS mehr, stopp",
        "Bitte melden Sie mich ab: abmelden, und zwar sofort",
        "Ich möchte Ihre Nachrichten ab sofort abbestellen, vielen Dank",
        "Bitte löschen Sie meine Nummer aus Ihrer Liste",
        "Bitte aufhören, mir ständig solche SMS zu schicken",
        "Ende bitte",
    ),
    "fr": (
        "Veuillez me désabonner de vos messages s'il vous plaît",
        "Veuillez cesser de m'envoyer des SMS",
        "Arrêtez de m'envoyer des messages s'il vous plaît",
        "Merci de supprimer mon numéro de votre liste",
        "Fin s'il vous plaît",
    ),
    "it": (
        "Per favore cancellatemi dalla vostra lista di messaggi",
        "Basta con questi messaggi, per favore, non ne posso più",
        "Vorrei disiscrivermi da questi messaggi il prima possibile",
        "Smettetela di mandarmi questi messaggi ogni settimana",
        "Fine per favore",
    ),
    "es": (
        "Quiero darme de baja de estos mensajes por favor",
        "Dejen de enviarme mensajes por favor, ya no los quiero",
        "Por favor quiero cancelar estos mensajes de texto ahora mismo",
        "Alto por favor",
        "Baja",
    ),
    "nl": (
        "Wilt u mij alstublieft uitschrijven voor deze berichten",
        "Graag afmelden, ik wil dit echt niet meer ontvangen",
        "Stop alstublieft met het sturen van deze berichten",
        "Kunt u mijn nummer uit de lijst verwijderen aub",
    ),
}


@pytest.mark.parametrize("text", AWS)
@pytest.mark.parametrize("form", ["{}", " {}. ", "{}!", "{} please", "Please {}", "{} now"])
def test_every_keyword_that_aws_requires_is_heard(form: str, text: str) -> None:
    assert says_stop(form.format(text))


@pytest.mark.parametrize("text", [wish for wishes in WISHES.values() for wish in wishes])
def test_a_wish_is_heard_wherever_its_stop_word_stands(text: str) -> None:
    assert says_stop(text)


def test_there_are_wishes_in_every_language_that_surveys_have() -> None:
    locales = Path(__file__).resolve().parents[3] / "layers" / "config" / "locales"
    assert {path.stem.partition("-")[0] for path in locales.glob("*.toml")} == set(WISHES)


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
        "T D",
        "s.t.o.p please",
        "S\u200bTOP",
        "\uff33\uff34\uff2f\uff30",
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
        "don't stop",
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
        "Please don\u2019t cancel my subscription yet",
        "It was fine",
        "Fine, thanks",
        "Ende gut, alles gut",
        "N'arrêtez pas ce travail, tout était très bien fait",
        "Hört bitte nie auf, stoppt nicht, es war alles wunderbar",
        "\u4e0d\u8981",
        "finally",
        "stopping by",
        "the end of it",
        "it was fine in the end, don't stop",
        "it was fine in the end, do not stop the good work",
        "I had to cancel my order because it was late",
        "Could you remove the ads from the app please",
        "El precio es muy alto",
        "La calidad es muy baja",
        "I had to stop and start the payment three times before it went through, apart from that all good",
        "We tried to cancel the order by the app and then had to send an email, which nobody answered for days",
    ],
)
def test_who_says_something_else_is_not_taken_for_it(text: str) -> None:
    assert not says_stop(text)


def test_a_comment_is_none_however_often_it_says_stop() -> None:
    assert not says_stop("well " * 20 + "stop sending me messages")
    assert says_stop("Hello, please stop" + " it" * 20)


words = st.sampled_from(sorted(stop_words._STOP | stop_words._EVERYDAY | stop_words._ALONE))
marks = st.sampled_from(["", " ", ".", "!", "...", " :-)", "\n", " \U0001f621"])


@given(words, marks, marks, st.sampled_from([str.upper, str.lower, str.title]))
def test_each_word_alone_is_heard_in_any_case_among_any_marks(
    word: str, before: str, behind: str, case: object
) -> None:
    assert callable(case)
    assert says_stop(before + case(word) + behind)


@given(st.text())
def test_every_text_is_judged_and_letter_case_accents_and_marks_change_nothing(text: str) -> None:
    plain = re.sub(r"[^a-z]+", " ", text.casefold())
    if text.isascii() and "'" not in text:
        assert says_stop(text) == says_stop(text.upper()) == says_stop(plain)
    assert says_stop(text) == says_stop(f"  {text} ...")


@given(st.lists(st.sampled_from(["well", "anyway", "it", "was", "good", "9"]), max_size=4), st.data())
def test_a_word_that_is_hardly_about_anything_else_is_heard_at_any_place_of_a_short_reply(
    others: list[str], data: st.DataObject
) -> None:
    word = data.draw(st.sampled_from(sorted(stop_words._STOP)))
    place = data.draw(st.integers(0, len(others)))
    assert says_stop(" ".join([*others[:place], word, *others[place:]]))


@pytest.mark.parametrize("word", ["stop", "unsubscribe"])
@pytest.mark.parametrize("denial", ["never", "do not", "don't", "will not"])
def test_what_is_plainly_denied_is_heard_only_in_a_few_words_or_about_messages(denial: str, word: str) -> None:
    assert says_stop(f"{denial} {word}")
    assert not says_stop(f"it is good and I {denial} {word}")
    assert says_stop(f"it is bad and you {denial} {word} these messages")


def test_no_word_is_of_two_kinds() -> None:
    kinds = (stop_words._STOP, stop_words._EVERYDAY, stop_words._ALONE, stop_words._ASIDE)
    assert sum(map(len, kinds)) == len(frozenset[str]().union(*kinds))
