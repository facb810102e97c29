"""Words by which people object to text messages, in our languages and as carriers and AWS require them.

AWS requires ARRET, CANCEL, END, OPT-OUT, OPTOUT, QUIT, REMOVE, STOP, TD and UNSUBSCRIBE (End User Messaging SMS,
"Required opt-out keywords"). To hear an objection where there is none costs a survey, to miss one costs trust.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import dropwhile, pairwise


def _set_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STOP = _set_of(
    """
    arret arrete arreter arretez optout stop stopall stopp stoppe stoppen stoppt unsub unsubscribe
    abbestelle abbestellen abmelden abmeldung aufhoeren aufhoren austragen
    cesser cessez desabonnement desabonner desabonnez desinscription desinscrire desinscrivez
    disiscrivere disiscrivermi disiscrivetemi disiscrivimi disiscriviti smetta smettere smettete smettetela smettila
    debaja desuscribanme desuscribeme desuscribir desuscribirme
    afmelden ophouden uitschrijven
    """
)
"""Words that are hardly about anything but us."""

_EVERYDAY = _set_of(
    """
    cancel quit remove revoke
    entferne entfernen kundigen kuendigen loeschen loesche losche loschen
    annuler annulez retirer retirez supprimer supprimez
    annulla annullare basta cancella cancellami cancellare cancellatemi rimuovere rimuovetemi rimuovi rimuovimi
    borrar borrarme borreme cancelar dejad dejen eliminar eliminarme eliminenme parar paren quitar quitarme
    annuleren opzeggen verwijder verwijderen
    """
)
"""Words that mean it in a few words, or about messages: "I had to cancel my order twice this year" is a comment."""

_ALONE = _set_of("alto baja end ende fin fine halt td")
"""Words that mean it where hardly anything else is said: "it was fine" is a comment."""

_POLITE = _set_of(
    """
    dear hello hey hi now please pls plz
    bitte guten hallo jetzt sofort tag
    bonjour il maintenant plait s salut svp vous
    adesso buongiorno ciao favore per prego
    ahora buenos dias favor hola por
    alstublieft aub goedendag nu
    """
)

_MESSAGES = _set_of(
    """
    contact contacting email emails list mail mails message messages messaging msg msgs notification notifications
    number send sending sms spam survey surveys text texting texts
    liste nachricht nachrichten nummer schicken schreiben senden umfrage umfragen
    enquete enquetes envoi envoyer numero sondage sondages texto textos
    inviare inviarmi lista mandare mandarmi messaggi messaggio sondaggi sondaggio
    encuesta encuestas enviar enviarme mandar mandarme mensaje mensajes
    bericht berichten lijst sturen
    """
)
"""Words by which a reply is about the messages themselves."""

_ME = _set_of("me mi mich mij moi")
_ARTICLES = _set_of("all alle de der des deze die gli i las le les los my the these this your")
_OBJECTS = _set_of("it this that these those all everything das dies diese alles ca cela tout questo tutto esto todo")
_ASIDE = _POLITE | _MESSAGES | _ME | _ARTICLES
_DENIED_BEFORE = _set_of("cant doesnt dont jamais jamas mai n never nicht nie niemals niet nooit not nunca pas wont")
_DENIED_BEHIND = _set_of("jamais mai nicht nie niemals niet nooit pas")

_REQUIRED = _set_of("cancel quit remove")
"""Everyday words that AWS requires: they are heard in a short reply, unless it is about something we did not send."""
_OTHERS = _set_of(
    """
    account ads app appointment booking button contract delivery feature field order orders page plan product
    reservation subscription ticket trip
    bestellung buchung konto lieferung termin vertrag
    """
)
_ENDS = _set_of("end ende fin")
"""They are heard with an object: "end it now", "please end these texts"."""

_FEW, _SHORT, _LONG = 5, 10, 20

_WORD = re.compile(r"[a-z]+")
_DENIAL = re.compile("n['\u2019]t\\b")
_SPACED = re.compile(r"(?<=\b[a-z]) (?=[a-z]\b)|(?<=\bopt) (?:me )?(?=out\b)|(?<=\bde) (?=baja\b)")
"""The gaps of S T O P, of opt out, and of the Spanish "de baja"."""


def says_stop(text: str) -> bool:
    """Return whether a reply is an objection; letter case, accents and marks do not count.

    In up to 5 words any stop word is heard: "don't stop" is taken for one too. In up to 10 words a word of `_STOP`
    is, unless it is plainly denied ("never stop"); in up to 20 where the reply is about messages. Whatever is longer
    is a comment, unless it begins with such a word.
    """
    words = _words(text)
    return _begins_with_stop(words) or _few(words) or _wish(words) or _short_wish(words)


def _words(text: str) -> list[str]:
    kept = (one for one in unicodedata.normalize("NFKD", text) if unicodedata.category(one) not in {"Mn", "Cf"})
    plain = _DENIAL.sub("nt", "".join(kept).casefold())
    return _SPACED.sub("", " ".join(_WORD.findall(plain))).split()


def _begins_with_stop(words: Sequence[str]) -> bool:
    return next(dropwhile(_POLITE.__contains__, words), "") in _STOP


def _few(words: Sequence[str]) -> bool:
    """Return whether a few words hold a stop word; those of `_ALONE` stand alone but for words like "please"."""
    said = set(words) - _ASIDE
    alone = bool(said) and said <= _ALONE
    return len(words) <= _FEW and (alone or not said.isdisjoint(_STOP | _EVERYDAY))


def _wish(words: Sequence[str]) -> bool:
    """Return whether a short reply holds a stop word that is about messages, or that is not denied."""
    short = len(words) <= _SHORT
    if _about_messages(words):
        return len(words) <= _LONG and not (_STOP | _EVERYDAY if short else _STOP).isdisjoint(words)
    return short and any(_undenied(words))


def _short_wish(words: Sequence[str]) -> bool:
    """Return whether up to 10 words hold an everyday word that AWS requires, or up to 20 about messages do."""
    required = any(word in _REQUIRED and before not in _DENIED_BEFORE for before, word in pairwise(["", *words]))
    ended = any(word in _ENDS and behind in _OBJECTS for word, behind in pairwise(words))
    longest = _LONG if _about_messages(words) else _SHORT
    return len(words) <= longest and _OTHERS.isdisjoint(words) and (required or ended)


def _about_messages(words: Sequence[str]) -> bool:
    objects_to_us = any(word in _STOP | _EVERYDAY and behind in _ME for word, behind in pairwise(words))
    return objects_to_us or not _MESSAGES.isdisjoint(words)


def _undenied(words: Sequence[str]) -> Iterator[str]:
    """Yield words of `_STOP`, but for those beside a word such as "never"."""
    for before, word, behind in zip(["", *words], words, [*words[1:], ""], strict=False):
        if word in _STOP and before not in _DENIED_BEFORE and behind not in _DENIED_BEHIND:
            yield word
