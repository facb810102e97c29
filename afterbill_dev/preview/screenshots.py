"""Pictures of HTML, in one browser."""

from base64 import b64decode
from collections.abc import Iterable, Mapping
from pathlib import Path

from playwright.sync_api import Browser, CDPSession, Page

from afterbill_cli.preview.previews import SCHEMES, Preview

Heights = Mapping[tuple[str, int], int]
"""Heights in pixels, by the file of a preview and a width."""

_SCREEN = 800


def take(browser: Browser, previews: Iterable[Preview], into: Path) -> Heights:
    """One PNG for every width and colour scheme of every preview; the folders are there already."""
    screens: dict[int, tuple[Page, CDPSession]] = {}
    heights = {}
    for preview in previews:
        for width in preview.widths.values():
            if width not in screens:
                page = browser.new_page(viewport={"width": width, "height": _SCREEN})
                screens[width] = page, page.context.new_cdp_session(page)
            heights[preview.file, width] = _take(preview, width, screens[width], into)
    return heights


def _take(preview: Preview, width: int, screen: tuple[Page, CDPSession], into: Path) -> int:
    page, browser = screen
    page.set_content(preview.html)
    height: int = page.evaluate("Math.ceil(document.documentElement.getBoundingClientRect().height)")
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        # Page.screenshot waits for fonts and for a resized window each time, and takes twice as long.
        taken = browser.send("Page.captureScreenshot", _whole(width, height))
        (into / preview.picture(width, scheme)).write_bytes(b64decode(taken["data"]))
    return height


def _whole(width: int, height: int) -> dict[str, object]:
    area = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    return {"format": "png", "captureBeyondViewport": True, "clip": area}
