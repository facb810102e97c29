"""Finds or installs a Chromium for the browser tests and writes its path to the file named on the command line.

In this order: what was found before, one on PATH, Debian's package where apt works without a password, Playwright's
own download (into PLAYWRIGHT_BROWSERS_PATH). A browser counts only if it starts, and so does what drives it.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from environment import apt_install

NAMES = ("chromium", "chromium-browser", "google-chrome")
PLAYWRIGHT = (sys.executable, "-m", "playwright")


def main(remembered: Path) -> None:
    """Write the path of the first browser that starts."""
    before = remembered.read_text().strip() if remembered.exists() else None
    if before and starts(before, "--version"):
        return
    # The Node.js inside Playwright needs a library that slim Debian images lack.
    if not starts(*PLAYWRIGHT, "--version") and not apt_install("libatomic1"):
        sys.exit("Playwright does not start; `.venv/bin/playwright --version` says why.")
    browser = next((path for path in candidates() if starts(path, "--version")), None)
    if browser is None:
        sys.exit("No Chromium: put one on PATH, or allow `playwright install chromium` to download it.")
    remembered.parent.mkdir(exist_ok=True)
    remembered.write_text(browser + "\n")
    print(f"browser tests use {browser}")


def candidates() -> Iterator[str]:
    """Paths of browsers, the cheapest source first; later sources install."""
    yield from on_path()
    if apt_install("chromium"):
        yield from on_path()
    yield from downloaded()


def on_path() -> Iterator[str]:
    """Browsers that are installed already."""
    yield from filter(None, map(shutil.which, NAMES))


def downloaded() -> Iterator[str]:
    """The browser that Playwright brings for its own version."""
    from playwright.sync_api import sync_playwright

    if subprocess.run([*PLAYWRIGHT, "install", "chromium"], check=False, stdout=sys.stderr).returncode == 0:
        with sync_playwright() as playwright:
            yield playwright.chromium.executable_path


def starts(*command: str) -> bool:
    """True when the program runs; a Debian name may be a stub that asks for another package manager."""
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    main(Path(sys.argv[1]))
