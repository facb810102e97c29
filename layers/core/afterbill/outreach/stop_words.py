"""Words by which people object to text messages."""

import re
import unicodedata

_FIRST = frozenset({"alto", "arret", "arreter", "arretez", "basta", "stop", "stopp", "stoppen", "stoppt"})
"""The words of our languages; who begins with one has said it, whatever comes behind."""

_SHORT = _FIRST | frozenset(
    """
    abbestellen abmelden afmelden annuler annulla baja cancel cancelar cancella desabonner desinscrire disiscriviti
    optout parar quit revoke stopall unsubscribe
    """.split()  # noqa: SIM905  # read as one text
)
"""Words that mean it wherever they stand in a short message, which is hardly about anything else."""

_ALONE = _SHORT | frozenset({"end", "ende", "fin", "fine", "halt"})
"""Words of every day, "it was fine", that mean it only where nothing else is said; carriers listen to them."""

_MOST_WORDS = 5
_WORD = re.compile(r"[a-z]+")
_SPACED = re.compile(r"(?<=\b[a-z]) (?=[a-z]\b)|(?<=\bopt) (?=out\b)")
"""The gaps of S T O P and of opt out."""


def says_stop(text: str) -> bool:
    """Return whether a reply is an objection; letter case, accents and marks do not count.

    In up to five words any stop word is heard, so "don't stop" is taken for one too: that costs a survey, no trust.
    """
    unaccented = (one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    plain = " ".join(_WORD.findall("".join(unaccented).casefold()))
    words = _SPACED.sub("", plain).split()
    if len(words) <= _MOST_WORDS:
        return not _SHORT.isdisjoint(words) or "".join(words) in _ALONE
    return words[0] in _FIRST
