"""Checks across the tables of reports: of dimensions, of rates, and of the steps of the journey."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from afterbill.insight.reports.asked import OWN
from afterbill.model.check_messages import shown
from afterbill.model.suggestions import did_you_mean

if TYPE_CHECKING:
    from afterbill.settings.surveys.tables import SurveysFile

Misfit = tuple[tuple[str, ...], str]


def report_misfits(file: "SurveysFile") -> Iterator[Misfit]:
    """Yield the place and the mistake of each value that does not fit another one."""
    dimensions = (*OWN, *file.segments)
    for number, pair in enumerate(file.reports.pairs):
        for name in pair:
            if name not in dimensions:
                hint = did_you_mean(name, dimensions, f"; there are: {', '.join(dimensions)}")
                yield ("reports", "pairs", str(number)), f"there is no such dimension: {hint}"
    for number, rate in enumerate(file.revenue.rates):
        if rate.currency == file.revenue.currency:
            yield ("revenue", "rates", str(number)), f"{shown(rate.currency)} is your own currency: its price is 1"
    yield from _twice("revenue", "rates", [f"{rate.currency} since {rate.since}" for rate in file.revenue.rates])
    yield from _steps(file)


def _steps(file: "SurveysFile") -> Iterator[Misfit]:
    steps, versions = file.journey.steps, file.journey.versions
    yield from _twice("journey", "steps", [step.name for step in steps])
    yield from _twice("journey", "versions", [version.name for version in versions])
    yield from _twice("journey", "versions", [str(version.since) for version in versions])
    taken: dict[str, str] = {}
    for number, step in enumerate(steps):
        for about in (*step.touchpoints, *([step.stage] if step.stage else ())):
            if about in taken:
                what = f"{shown(str(about))} is in the step {shown(taken[about])} already: an answer has one step"
                yield ("journey", "steps", str(number)), what
            taken[about] = step.name


def _twice(table: str, key: str, names: Iterable[str]) -> Iterator[Misfit]:
    seen = set[str]()
    for number, name in enumerate(names):
        if name in seen:
            yield (table, key, str(number)), f"{shown(name)} stands twice"
        seen.add(name)
