"""The pictures of the docs: pages of the console over a seeded year, as Chromium shows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, ViewportSize

from afterbill_dev.console.serving import serving
from afterbill_dev.console.world import World, history
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


DESK, PHONE = (1280, 900), (390, 844)
PICTURES = (
    Picture("console-overview.png", "/app/overview?window=365d", DESK),
    Picture("console-journey.png", "/app/journey?window=365d", DESK),
    Picture("console-overview-phone.png", "/app/overview?window=365d", PHONE, "dark", language="de"),
)


def take(folder: Path) -> Iterator[Path]:
    """Take all pictures; yield each file as it is written. A picture of a desk shows one screen and no more."""
    folder.mkdir(parents=True, exist_ok=True)
    with serving(lambda origin: World(facts=history(), origin=origin)) as world, chromium() as browser:
        for picture in PICTURES:
            yield _taken(picture, browser, world.origin, folder)


def _taken(picture: Picture, browser: Browser, origin: str, folder: Path) -> Path:
    width, height = picture.size
    size: ViewportSize = {"width": width, "height": height}
    page = browser.new_page(viewport=size, color_scheme=picture.scheme, device_scale_factor=2)
    page.goto(f"{origin}/app/sign-in?role={picture.role}&language={picture.language}")
    page.goto(f"{origin}{picture.place}")
    file = folder / picture.file
    page.screenshot(path=file)
    page.close()
    return file
