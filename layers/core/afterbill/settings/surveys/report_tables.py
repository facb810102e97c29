"""The tables of surveys.toml about reports: what is compared, in which currency, along which journey."""

from datetime import date
from typing import Annotated, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from afterbill.insight.reports.asked import ReportRules
from afterbill.settings.surveys.values import (
    Line,
    Stage,
    Table,
    TouchpointName,
    own_currency,
    pair,
    several_tables,
)

Day = date
_T = TypeVar("_T")
_Several = Annotated[tuple[_T, ...], BeforeValidator(several_tables), Field(strict=False)]
"""Tables without names."""


class ReportsTable(Table):
    """[reports]: the attribute that names an account, and the pairs of dimensions that are compared."""

    account: Line = ""
    pairs: Annotated[
        tuple[Annotated[tuple[str, str], BeforeValidator(pair)], ...], Field(strict=False, max_length=10)
    ] = ()


class RateTable(Table):
    """The price of one unit of a currency."""

    since: date
    currency: Annotated[str, BeforeValidator(own_currency)]
    price: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class RevenueTable(Table):
    """[revenue]: the currency in which amounts are added up."""

    currency: Annotated[str, BeforeValidator(own_currency)] = ReportRules().currency
    rates: _Several[RateTable] = ()


class NoteTable(Table):
    """A finding about a step of the journey."""

    text: Line
    source: Line = ""
    date: Day | None = None


class MeasureTable(Table):
    """A plan for a step of the journey."""

    text: Line
    owner: Line = ""
    due: date | None = None


class StepTable(Table):
    """A step of the journey."""

    name: Line
    stage: Stage = ""
    touchpoints: Annotated[tuple[TouchpointName, ...], Field(strict=False)] = ()
    owner: Line = ""
    notes: _Several[NoteTable] = ()
    measures: _Several[MeasureTable] = ()

    @model_validator(mode="after")
    def _is_about_something(self) -> "StepTable":
        if bool(self.stage) == bool(self.touchpoints):
            message = 'needs either stage = "purchase" or touchpoints = ["order_paid"]'
            raise ValueError(message)
        return self


class VersionTable(Table):
    """A change of the journey."""

    name: Line
    since: date


class JourneyTable(Table):
    """[journey]: the steps that customers take."""

    steps: _Several[StepTable] = ()
    versions: _Several[VersionTable] = ()
