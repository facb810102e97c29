"""The gallery: one page that shows every picture, filtered by style sheet alone."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from playwright.sync_api import Browser

from afterbill_cli.preview import console_mails, mails, pages
from afterbill_cli.preview.previews import DESKTOP, SCHEMES, Preview
from afterbill_cli.preview.variants import Variant
from afterbill_dev.preview import screenshots

INDEX = "index.html"


def previews(variants: Sequence[Variant]) -> list[Preview]:
    """Return all items of the gallery by language, mails first."""
    return [one for variant in variants for room in (mails, console_mails, pages) for one in room.previews(variant)]


def build(browser: Browser, variants: Sequence[Variant], into: Path) -> int:
    """Write the gallery into a folder, over an older one; the number of its pictures."""
    shown = previews(variants)
    for preview in shown:
        (into / preview.file).parent.mkdir(parents=True, exist_ok=True)
        (into / preview.file).write_text(preview.html, encoding="utf-8")
    heights = screenshots.take(browser, shown, into)
    (into / INDEX).write_text(_index(variants, shown, heights), encoding="utf-8")
    return len(heights) * len(SCHEMES)


def _index(variants: Sequence[Variant], shown: Sequence[Preview], heights: screenshots.Heights) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    languages = [variant.name for variant in variants]
    default = variants[0].brand.default_locale
    filters = {"language": languages, "kind": list(DESKTOP), "size": ["phone", "desktop"], "scheme": list(SCHEMES)}
    return environment.get_template("gallery.html").render(
        brand=variants[0].brand,
        previews=shown,
        filters=filters,
        first={"language": default if default in languages else "all"},
        heights=heights,
    )
