"""Remove Babel's data of languages without a catalog from a built layer: 30 MB become 2.

Without this everything works too, only the layer is larger. Standard library only: it runs with whatever Python builds.
"""

import sys
from pathlib import Path

ALWAYS = frozenset({"root", "en", "de"})
"""Every language inherits from root; English is the fallback of unknown languages; the console speaks both."""


def prune(layer: Path, locales: Path) -> int:
    """Keep the languages of the catalogs in `locales`, with all their regions; how many files were removed."""
    languages = ALWAYS | {path.stem.partition("-")[0] for path in locales.glob("*.toml")}
    files = layer.glob("babel/locale-data/*.dat")
    removed = [path for path in files if path.stem.partition("_")[0] not in languages]
    for path in removed:
        path.unlink()
    return len(removed)


if __name__ == "__main__":
    prune(*map(Path, sys.argv[1:]))
