"""Which tier may reach the network, in which order the tiers run, and where real payloads lie."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
TIERS = ("unit", "contract", "integration", "infra", "perf", "mail", "e2e", "simulation")
"""From the cheapest to the dearest, so that a simple mistake is told in seconds."""
LOOPBACK_TIERS = frozenset({"contract", "e2e"})
"""They speak to servers on this machine; every other tier has no sockets at all."""

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "developer")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "last: runs after all other tests, for it waits")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # What waits for its hours on the local stack comes last: the simulation is reckoned meanwhile.
    items.sort(key=lambda item: (item.get_closest_marker("last") is not None, TIERS.index(tier(item))))
    for item in items:
        loopback = pytest.mark.allow_hosts(["127.0.0.1", "::1"])
        item.add_marker(loopback if tier(item) in LOOPBACK_TIERS else pytest.mark.disable_socket)


def tier(item: pytest.Item) -> str:
    """The folder under tests/ that the test lies in."""
    return item.path.relative_to(ROOT / "tests").parts[0]


@pytest.fixture(scope="session")
def payloads() -> Path:
    """Recorded payloads of real billing systems, which are not ours to publish: absent on most machines."""
    folder = Path(os.environ.get("AFTERBILL_PAYLOADS") or ROOT.parent / "shared" / "payloads")
    if not folder.is_dir():
        pytest.skip(f"no recorded payloads in {folder}; AFTERBILL_PAYLOADS names another folder")
    return folder
