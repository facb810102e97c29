"""The tables of almanac.json.gz: read once, and only where a sending window is asked about a country."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path

from afterbill.outreach.sending_window import Almanac

_TABLES = Path(__file__).with_name("almanac.json.gz")


class _Holidays(Mapping[str, frozenset[int]]):
    """Ordinals of dates by country, reckoned when a country is first asked for.

    The stored form is strings of MMDD: the days of every year, then for each year from `first` on the others.
    """

    def __init__(self, stored: Mapping[str, Sequence[str]], first: int) -> None:
        self._stored, self._first, self._reckoned = stored, first, dict[str, frozenset[int]]()

    def __getitem__(self, country: str) -> frozenset[int]:
        days_off = self._reckoned.get(country)
        if days_off is None:
            every, *years = self._stored[country]
            days_off = self._reckoned[country] = frozenset(
                date(year, int(days[at : at + 2]), int(days[at + 2 : at + 4])).toordinal()
                for year, days in enumerate((every + others for others in years), self._first)
                for at in range(0, len(days), 4)
            )
        return days_off

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


@cache
def load_almanac() -> Almanac:
    """The almanac that `python -m afterbill_dev.generate.almanac` wrote."""
    tables = json.loads(gzip.decompress(_TABLES.read_bytes()))
    return Almanac(
        zones=tables["zones"],
        weekends={country: frozenset(days) for country, days in tables["weekends"].items()},
        holidays=_Holidays(tables["holidays"], tables["first"]),
        until=tables["until"],
        languages=tables["languages"],
    )
