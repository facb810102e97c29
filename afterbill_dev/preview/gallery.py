"""The gallery: one page that shows every picture, filtered by style sheet alone."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from playwright.sync_api import Browser

from afterbill_cli.preview import mails, pages
from afterbill_cli.preview.previews import DESKTOP, SCHEMES, Exhibit
from afterbill_cli.preview.variants import Speaker
from afterbill_dev.preview import screenshots

INDEX = "index.html"


def exhibits(speakers: Sequence[Speaker]) -> list[Exhibit]:
    """Everything there is to see, language by language, mails first."""
    return [one for speaker in speakers for room in (mails, pages) for one in room.exhibits(speaker)]


def build(browser: Browser, speakers: Sequence[Speaker], into: Path) -> int:
    """Write the gallery into a folder, over an older one; the number of its pictures."""
    shown = exhibits(speakers)
    for one in shown:
        (into / one.file).parent.mkdir(parents=True, exist_ok=True)
        (into / one.file).write_text(one.html, encoding="utf-8")
    heights = screenshots.take(browser, shown, into)
    (into / INDEX).write_text(_index(speakers, shown, heights), encoding="utf-8")
    return len(heights) * len(SCHEMES)


def _index(speakers: Sequence[Speaker], shown: Sequence[Exhibit], heights: screenshots.Heights) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    languages = [speaker.name for speaker in speakers]
    default = speakers[0].brand.default_locale
    filters = {"language": languages, "kind": list(DESKTOP), "size": ["phone", "desktop"], "scheme": list(SCHEMES)}
    return environment.get_template("gallery.html").render(
        brand=speakers[0].brand,
        exhibits=shown,
        filters=filters,
        first={"language": default if default in languages else "all"},
        heights=heights,
    )
