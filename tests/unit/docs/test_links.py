"""Every link of the documentation leads somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.docs.pages import PAGES, ROOT, name, prose, read

LARGEST_IMAGE = 100_000


def links(page: Path) -> Iterator[tuple[str, str]]:
    """Path and anchor of each link to a file of ours."""
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(page: Path) -> set[str]:
    """What forges make of headings: lower case, words joined by hyphens, all else dropped."""
    headings = re.findall(r"^#+ (.+)$", read(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path):
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page

        assert target.is_file(), f"{name(page)} links to {path}"
        assert not anchor or anchor in anchors(target), f"{name(page)} links to #{anchor} of {path}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent != ROOT], ids=name)
def test_every_page_is_linked_from_another(page: Path):
    targets = {(other.parent / path).resolve() for other in PAGES if other != page for path, _ in links(other)}

    assert page in targets


def test_images_load_at_once_and_none_is_left_over():
    images = set((ROOT / "docs" / "images").iterdir())

    assert images == {(page.parent / path).resolve() for page in PAGES for path, _ in links(page)} & images
    assert all(image.stat().st_size < LARGEST_IMAGE for image in images)
