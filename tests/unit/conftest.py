import pytest

from tests.world import World


@pytest.fixture
def world() -> World:
    """Nothing has happened yet."""
    return World()
