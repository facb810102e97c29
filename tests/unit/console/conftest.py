"""A console over memory and a seeded year; reports are computed once for all tests of a process."""

from functools import cache

import pytest

from afterbill_dev.console.world import World, history


@cache
def computed() -> World:
    return World(facts=history())


@pytest.fixture
def world() -> World:
    """A world of its own, whose reports are those that others computed already."""
    made = World(facts=computed().facts)
    made.reports.documents = computed().reports.documents
    made.reports.__dict__["engine"] = computed().reports.engine
    return made
