"""Gets the programs that judge our mails in the tests.

doiuse-email comes from npm, held to the hashes of requirements/npm, into the folder named on the command line.
SpamAssassin is the one on PATH, else Debian's package where apt works without a password. What cannot be had is told,
and its tests skip.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from environment import CACHE, ROOT, apt_install

PINNED = ROOT / "requirements" / "npm"
LOCK = "package-lock.json"


def main(folder: Path) -> None:
    """Install what is missing, and say what stays missing."""
    if not same_lock(folder) and not npm_install(folder):
        print("No doiuse-email: with Node.js and npm on PATH `make setup` fetches it. Its tests skip.", file=sys.stderr)
    if not shutil.which("spamassassin") and not apt_install("spamassassin"):
        print("No SpamAssassin on PATH, Debian's package is `spamassassin`. Its tests skip.", file=sys.stderr)


def same_lock(folder: Path) -> bool:
    """True when the folder was made from the current lock."""
    made_from = folder / LOCK
    return made_from.exists() and made_from.read_bytes() == (PINNED / LOCK).read_bytes()


def npm_install(folder: Path) -> bool:
    """Bring the folder to what the lock says, without running anybody's scripts; say whether it worked."""
    if not shutil.which("npm"):
        return False
    work = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(PINNED, work)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    command = ["npm", "ci", *quiet, "--cache", CACHE / "npm", "--prefix", work]
    if subprocess.run(command, check=False, stdout=sys.stderr).returncode != 0:
        return False
    shutil.rmtree(folder, ignore_errors=True)
    work.rename(folder)
    return True


if __name__ == "__main__":
    main(Path(sys.argv[1]))
