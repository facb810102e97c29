"""Write the shipped tables of zones, languages, weekends and public holidays.

    python -m afterbill_dev.generate.almanac

Holidays are those of the whole country in the package `holidays` (MIT): category public, no subdivision. Where their
dates are proclaimed year by year, it knows them only as far as they are; running this again brings the next ones.
"""

import gzip
import json
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import holidays
from babel.core import get_global

from afterbill.model.errors import AfterbillError
from afterbill_dev import paths

TABLES = paths.ROOT / "layers" / "core" / "afterbill" / "settings" / "almanac.json.gz"
FIRST, LAST = 2025, 2035
"""The years of the tables; past the last one no holiday is known, only weekends."""

_MAIN_ZONES = dict(
    line.split()
    for line in """
        AQ Antarctica/McMurdo
        AR America/Argentina/Buenos_Aires
        AU Australia/Sydney
        BR America/Sao_Paulo
        CA America/Toronto
        CD Africa/Kinshasa
        CL America/Santiago
        CN Asia/Shanghai
        CY Asia/Nicosia
        DE Europe/Berlin
        EC America/Guayaquil
        ES Europe/Madrid
        FM Pacific/Chuuk
        GL America/Nuuk
        ID Asia/Jakarta
        KI Pacific/Tarawa
        KZ Asia/Almaty
        MH Pacific/Majuro
        MN Asia/Ulaanbaatar
        MX America/Mexico_City
        MY Asia/Kuala_Lumpur
        NZ Pacific/Auckland
        PF Pacific/Tahiti
        PG Pacific/Port_Moresby
        PS Asia/Hebron
        PT Europe/Lisbon
        RU Europe/Moscow
        UA Europe/Kyiv
        UM Pacific/Midway
        US America/New_York
        UZ Asia/Tashkent
        XK Europe/Belgrade
    """.strip().splitlines()
)
"""The zone of most people, for countries with several zones; XK is not in ISO 3166."""
_SATURDAY, _SUNDAY = 5, 6
_USUAL = frozenset({_SATURDAY, _SUNDAY})
_WEEKENDS = {"LY": frozenset({4, 5}), "PS": frozenset({4, 5})}
"""Friday and Saturday too, which `holidays` does not know."""


def tables() -> dict[str, Any]:
    """Return all tables as they are stored."""
    zones = main_zones((files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8"))
    countries = sorted(zones.keys() & set(holidays.list_supported_countries(include_aliases=False)))
    weekends = {country: weekend(country) for country in countries}
    return {
        "first": FIRST,
        "until": LAST,
        "zones": zones,
        "weekends": {country: sorted(days) for country, days in weekends.items() if days != _USUAL},
        "languages": {country: main_language(country) for country in zones},
        "holidays": {country: public_holidays(country) for country in countries},
    }


def main_language(country: str) -> str:
    """Return the main language by CLDR's likely subtags, which leave out English."""
    likely: str = get_global("likely_subtags").get(f"und_{country}", "en")
    return likely.partition("_")[0]


def main_zones(zone_tab: str) -> dict[str, str]:
    """One zone per country of tzdata's zone.tab; a country that is newly split must be decided by hand."""
    by_country: dict[str, list[str]] = {}
    for line in zone_tab.splitlines():
        if not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            by_country.setdefault(country, []).append(zone)
    undecided = [country for country, zones in by_country.items() if len(zones) > 1 and country not in _MAIN_ZONES]
    if undecided:
        raise AfterbillError(
            f"several zones in {', '.join(undecided)}: name the main one in afterbill_dev/generate/almanac.py"
        )
    return dict(sorted(({country: zones[0] for country, zones in by_country.items()} | _MAIN_ZONES).items()))


def public_holidays(country: str) -> list[str]:
    """Days as strings of MMDD, ascending: first those of every year, then for each year the others."""
    days = holidays.country_holidays(country, years=range(FIRST, LAST + 1))
    years = [{f"{day:%m%d}" for day in days if day.year == year} for year in range(FIRST, LAST + 1)]
    every = set.intersection(*years)
    return ["".join(sorted(days)) for days in (every, *(year - every for year in years))]


def weekend(country: str) -> frozenset[int]:
    """Its weekend days, 0 is Monday. A free Sunday alone means the usual: people with a Saturday off want no mail."""
    days = frozenset(holidays.country_holidays(country).weekend)
    return _WEEKENDS.get(country) or (_USUAL if days == {_SUNDAY} else days)


def written(parts_by_name: Mapping[str, Any]) -> str:
    """The text of the file: compact, with a line per country, so that `zdiff` shows what changed."""
    parts = [f'"{name}":{_table(part) if isinstance(part, dict) else part}' for name, part in parts_by_name.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _table(rows: Mapping[str, Any]) -> str:
    return "{\n" + ",\n".join(f'"{key}":{json.dumps(row, separators=(",", ":"))}' for key, row in rows.items()) + "\n}"


def main(file: Path = TABLES) -> int:
    """Write the tables to the file."""
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(gzip.compress(written(tables()).encode(), mtime=0))
    return 0


if __name__ == "__main__":
    sys.exit(main())
