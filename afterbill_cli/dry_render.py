"""Render every mail and page once with an operator's own templates, so that errors show before a mail is due."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from afterbill_cli.preview import mails, pages
from afterbill_cli.preview.mails import PUBLIC_URL
from afterbill_cli.preview.variants import Variant, variants

_NEEDED = {f"{PUBLIC_URL}/s/": "the links of the numbers (answer_url)", f"{PUBLIC_URL}/u/": "the objection link"}


def dry_render(folder: Path) -> Iterator[str]:
    """Mistakes of the templates in a configuration folder that has no others; none where it has no templates."""
    if not (folder / "templates").is_dir():
        return
    for variant in variants(folder):
        yield from _tried("mail", variant, lambda each: _incomplete(mails.mails(each)))
        yield from _tried("web", variant, lambda each: [page.name for page in pages.previews(each) if not page.html])


def _tried(kind: str, variant: Variant, perform: Callable[[Variant], Iterable[str]]) -> Iterator[str]:
    try:
        problems = list(perform(variant))
    except Exception as error:  # noqa: BLE001  # a template can do whatever an expression can
        problems = [f"cannot be used in {variant.name}: {type(error).__name__}: {error}"]
    yield from (f"templates/{kind}: {problem}" for problem in problems)


def _incomplete(performed: Iterable[mails.PreviewMail]) -> Iterator[str]:
    """Yield the required parts that a mail lacks: subject, rating links, objection link."""
    for mail in (one.mail for one in performed):
        if not mail.subject:
            yield "survey/subject.txt gives no subject"
        for part, text in (("body.html", mail.html), ("body.txt", mail.text)):
            yield from (f"survey/{part} lacks {what}" for link, what in _NEEDED.items() if link not in text)
