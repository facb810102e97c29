"""The pictures that the documentation shows."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from afterbill_cli.preview.previews import DESKTOP, PHONE, SCHEMES, Preview

LANGUAGES = ("de", "en")
_MAIL, _PAGE, _NEXT = "renewed", "survey-chosen", "thanks-reason"


def hang(gallery: Path, into: Path) -> int:
    """Copy the pictures from a gallery that holds LANGUAGES; return their number."""
    pictures = dict(_pictures())
    for name, picture in pictures.items():
        shutil.copyfile(gallery / picture, into / name)
    return len(pictures)


def _pictures() -> Iterator[tuple[str, str]]:
    """Their names, and where each lies in the gallery."""
    for width in (PHONE, DESKTOP["mail"]):
        for scheme in SCHEMES:
            for language in LANGUAGES:
                mail = Preview("mail", language, _MAIL, "")
                yield f"mail-{language}-{width}-{scheme}.png", mail.picture(width, scheme)
    for width in (PHONE, DESKTOP["page"]):
        page = Preview("page", "en", _PAGE, "")
        yield f"page-en-{width}-light.png", page.picture(width, "light")
    yield f"page-en-reason-{PHONE}-light.png", Preview("page", "en", _NEXT, "").picture(PHONE, "light")
