"""What people answer to a text message when they want no more of them."""

import re
import unicodedata

_ANYWHERE = frozenset({"stop", "stopp", "arret", "alto", "basta", "stoppen"})
"""The words of our languages; who begins with one has said it, whatever comes behind."""

_ALONE = frozenset(
    """
    abbestellen abmelden afmelden annuler annulla baja cancel cancelar cancella desabonner desinscrire disiscriviti end
    ende fin fine halt optout parar quit revoke stopall unsubscribe
    """.split()  # noqa: SIM905  # read as one text
)
"""Words that mean it only where nothing else is said; in the United States carriers listen to most of them."""

_WORDS = re.compile(r"[a-z]+")


def says_stop(text: str) -> bool:
    """Whether this is an objection; letter case, accents and marks do not count."""
    unaccented = (one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    words = _WORDS.findall("".join(unaccented).casefold())
    return bool(words) and (words[0] in _ANYWHERE or "".join(words) in _ALONE)
