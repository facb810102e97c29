"""What campaigns need from the world, under the same promises as in ports.py."""

from collections.abc import Iterator
from typing import Protocol

from afterbill.domain.campaigns import Done


class Campaigns(Protocol):
    """The table as run_campaigns sees it."""

    def customers_in(self, slot: int) -> Iterator[str]:
        """Ids of the customers of a group, without those merged into others; the last seconds may be missing."""

    def done(self, campaign: str) -> Done | None:
        """How far it has come, None before it was first seen."""

    def set_done(self, campaign: str, done: Done) -> None:
        """Remember it."""
