"""`make preview`: build the gallery and say where it is."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from afterbill.model.errors import AfterbillError
from afterbill_cli.configuration import SHIPPED, completed
from afterbill_cli.preview.variants import variants
from afterbill_dev.demo.browser import chromium
from afterbill_dev.paths import LOCAL
from afterbill_dev.preview import docs_pictures, gallery


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when it is built, 1 with what is wrong in the configuration."""
    parser = argparse.ArgumentParser(prog="make preview", description=__doc__)
    parser.add_argument("--config", type=Path, default=SHIPPED, metavar="FOLDER")
    parser.add_argument("--into", type=Path, default=LOCAL / "preview", metavar="FOLDER", help="the gallery lies here")
    parser.add_argument("--language", action="append", default=[], help="of a file in locales; default: all of them")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="put the pictures of the documentation here")
    chosen = parser.parse_args(arguments)
    try:
        with completed(chosen.config) as whole, chromium() as browser:
            spoken = variants(whole, tuple(chosen.language))
            print(f"{gallery.build(browser, spoken, chosen.into)} pictures: {chosen.into / gallery.INDEX}")
        if chosen.pictures:
            print(f"{docs_pictures.hang(chosen.into, chosen.pictures)} of them copied to {chosen.pictures}")
    except AfterbillError as error:
        print(f"make preview: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
