"""The pictures of the docs: pages of the console over a seeded year, as Chromium shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, ViewportSize

from afterbill_dev.console.plan import plan
from afterbill_dev.console.serving import serving
from afterbill_dev.console.world import NOW, World, history
from afterbill_dev.demo.browser import chromium


@dataclass(frozen=True, slots=True)
class Picture:
    """A page, as a role sees it on a screen of this size and scheme."""

    file: str
    place: str
    size: tuple[int, int]
    scheme: Literal["light", "dark"] = "light"
    role: str = "admin"
    language: str = "en"


DESK, PHONE = (1280, 1160), (390, 844)
COLOURS = 128
CUSTOMERS = 3_000
"""Enough for real changes in a quarter of a year."""
PICTURES = (
    Picture("console-overview.png", "/app/overview?window=90d", DESK),
    Picture("console-journey.png", "/app/journey?window=90d", DESK),
    Picture("console-overview-phone.png", "/app/overview?window=90d", PHONE, "dark", language="de"),
)


def take(folder: Path) -> Iterator[Path]:
    """Take all pictures; yield each file as it is written. A picture of a desk shows one screen and no more."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        serving(lambda origin: World(facts=history(CUSTOMERS), origin=origin, journey=plan(NOW.date()))) as world,
        chromium() as browser,
    ):
        for picture in PICTURES:
            yield _taken(picture, browser, world.origin, folder)


def _taken(picture: Picture, browser: Browser, origin: str, folder: Path) -> Path:
    width, height = picture.size
    size: ViewportSize = {"width": width, "height": height}
    page = browser.new_page(viewport=size, color_scheme=picture.scheme, device_scale_factor=1)
    page.goto(f"{origin}/app/sign-in?role={picture.role}&language={picture.language}")
    page.goto(f"{origin}{picture.place}")
    file = folder / picture.file
    seen = Image.open(BytesIO(page.screenshot())).convert("RGB")
    # A palette suffices for a page, and takes half of the bytes.
    seen.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    page.close()
    return file
