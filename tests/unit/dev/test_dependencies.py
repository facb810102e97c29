"""docs/dependencies.md and the locks say what pyproject.toml says."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
NPM = ROOT / "requirements" / "npm"
IN_LAMBDA = ("layers/deps/requirements.txt", "layers/reports/requirements.txt")
LOCKS = (*IN_LAMBDA, "requirements/dev.txt", "requirements/stack.txt", "requirements/uv.txt")


def name(requirement: str) -> str:
    match = re.match(r"[A-Za-z0-9-]+", requirement)
    assert match, requirement
    return match.group().lower()


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    return {name(requirement) for group in groups for requirement in group if isinstance(requirement, str)}


def programs() -> set[str]:
    """Return the Debian and npm packages that the set-up installs."""
    scripts = "".join(path.read_text() for path in (ROOT / "afterbill_dev" / "setup").glob("*.py"))
    return {
        *re.findall(r'apt_install\("([a-z0-9-]+)"\)', scripts),
        *json.loads((NPM / "package.json").read_text())["devDependencies"],
    }


def pinned(lock: str) -> dict[str, str]:
    lines = (ROOT / lock).read_text().splitlines()
    return {name(line): line.split("==")[1].split()[0] for line in lines if "==" in line and not line.startswith("#")}


def test_every_dependency_is_justified_and_nothing_else() -> None:
    rows = re.findall(
        r"^\| ([a-z0-9-]+) \|(?: [^|]+ \|){3}$", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE
    )

    assert sorted(set(rows) - {"package"}) == sorted(declared() | programs())


def test_every_dependency_is_pinned_somewhere() -> None:
    assert declared() <= {package for lock in LOCKS for package in pinned(lock)}


@pytest.mark.parametrize("lock", IN_LAMBDA)
def test_what_runs_in_lambda_is_tested_in_the_same_version(lock: str) -> None:
    assert pinned(lock)
    assert pinned(lock).items() <= pinned("requirements/dev.txt").items()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert "--hash=sha256:" in text
    assert not re.search(r"://|--(extra-)?index|--find-links", text)


def test_the_lock_of_npm_holds_hashes_and_no_address_to_download_from() -> None:
    _, *packages = json.loads((NPM / "package-lock.json").read_text())["packages"].values()

    assert packages
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not any("resolved" in package for package in packages)
