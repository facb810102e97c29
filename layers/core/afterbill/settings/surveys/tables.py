"""The tables of surveys.toml as they are checked; each attribute is a key that the file documents."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from afterbill.connectors import registry
from afterbill.insight.reports.asked import MOST_SEGMENTS
from afterbill.model.campaigns import Every
from afterbill.model.channels import Channel, SmsPolicy
from afterbill.model.check_messages import shown
from afterbill.model.consent import PRESETS, Need
from afterbill.model.questions import Question
from afterbill.model.retention import Retention
from afterbill.model.suggestions import did_you_mean
from afterbill.model.survey_tests import SurveyTests
from afterbill.model.visits import Integrity
from afterbill.outreach.caps import SendingCaps
from afterbill.outreach.policy import Stops
from afterbill.settings.surveys.fitting import UNFIT, keeps_to_the_cooldown, outlives_what_follows
from afterbill.settings.surveys.report_tables import (
    JourneyTable,
    MeasureTable,
    NoteTable,
    RateTable,
    ReportsTable,
    RevenueTable,
    StepTable,
    VersionTable,
)
from afterbill.settings.surveys.values import (
    Duration,
    Line,
    Name,
    Stage,
    Table,
    TouchpointName,
    address,
    channel_list,
    choose,
    country,
    currency_code,
    days,
    field,
    hours,
    mail_address,
    meaning,
    network,
    origin,
    path,
    price,
    provider,
    segment_name,
    whole_days,
    within,
    word,
    zone_name,
)

_PART_OF_ADDRESS = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_LEAST_PATIENCE = timedelta(hours=1)
_WEEKEND = frozenset({5, 6})
_CAPS = SendingCaps()

_INTEGRITY, _SMS, _RETENTION = Integrity(), SmsPolicy(), Retention()


class RuleTable(Table):
    """A touchpoint; keys it leaves out stand under [defaults]."""

    ask: bool
    stage: Stage
    delay: Duration
    window: str = ""
    sampling: Annotated[float, Field(ge=0, le=1)]
    quota: Annotated[int, Field(ge=0)] = 0
    priority: Annotated[int, Field(ge=0, le=100)]
    seen_within: Duration = timedelta(days=14)
    channels: Annotated[tuple[Channel, ...], BeforeValidator(channel_list), Field(strict=False)] = (Channel.MAIL,)
    question: Annotated[Question, BeforeValidator(lambda text: Question(choose(text, Question)))] = Question.NPS
    reasons: Annotated[tuple[Name, ...], Field(strict=False, max_length=12)] = ()
    cooldown: Duration
    patience: Annotated[Duration, within(_LEAST_PATIENCE)] = timedelta(days=14)
    reminder: Duration = timedelta(0)
    fallback: Duration = timedelta(days=3)
    expiry: Annotated[Duration, within(timedelta(seconds=1))]
    paid_only: bool
    stops: Annotated[Stops, BeforeValidator(lambda text: Stops(choose(text, Stops)))]

    @field_validator("window")
    @classmethod
    def _is_there(cls, value: str, info: ValidationInfo) -> str:
        windows = _table(info, "windows")
        if value and value not in windows:
            message = f"there is no such table under [windows]: {did_you_mean(value, windows)}"
            raise ValueError(message)
        return value

    @field_validator("reasons")
    @classmethod
    def _each_once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if twice := [reason for reason in value if value.count(reason) > 1]:
            message = f"must name each reason once, but {shown(twice[0])} stands twice"
            raise ValueError(message)
        return value

    @field_validator("channels")
    @classmethod
    def _can_be_used(cls, value: tuple[Channel, ...], info: ValidationInfo) -> tuple[Channel, ...]:
        if Channel.IN_APP in value and not _table(info, "in_product").get("source"):
            message = '"in_app" needs [in_product] with source and origins: enter them, or take "in_app" out'
            raise ValueError(message)
        if value == (Channel.IN_APP,) and not info.data.get("seen_within", True):
            raise PydanticCustomError(
                UNFIT, 'would ask nobody: with seen_within = "0s" nobody is asked "in_app", and there is no other way'
            )
        return value

    _keeps_to_the_cooldown = field_validator("reminder", "fallback")(keeps_to_the_cooldown)
    _outlives_what_follows = field_validator("expiry")(outlives_what_follows)


def _table(info: ValidationInfo, name: str) -> Mapping[str, Any]:
    """Another table of the file, as it stands there; empty where it is missing or none."""
    table = (info.context or {}).get(name)
    return table if isinstance(table, dict) else {}


class WindowTable(Table):
    """Local hours in which mail may leave."""

    days: Annotated[frozenset[int], BeforeValidator(days), Field(strict=False)]
    hours: Annotated[tuple[tuple[int, int], ...], BeforeValidator(hours), Field(strict=False)]
    weekends: bool = False
    holidays: bool = False

    @model_validator(mode="after")
    def _opens(self) -> "WindowTable":
        if self.days <= _WEEKEND and not self.weekends:
            message = "never opens: its days are all of the weekend, and weekends = false"
            raise ValueError(message)
        return self


class LegalTable(Table):
    """The legal basis that is needed before a survey may be sent."""

    preset: Annotated[str, BeforeValidator(lambda text: choose(text, PRESETS))]
    countries: dict[
        Annotated[str, BeforeValidator(country)],
        Annotated[Need, BeforeValidator(lambda text: Need(choose(text, Need)))],
    ] = Field(default={})


class SendingTable(Table):
    """[sending]: the caps of all mails together."""

    per_hour: Annotated[int, Field(ge=0)] = _CAPS.per_hour
    per_day: Annotated[int, Field(ge=0)] = _CAPS.per_day
    max_bounce_rate: Annotated[float, Field(gt=0, lt=0.1)] = _CAPS.max_bounce_rate
    max_complaint_rate: Annotated[float, Field(gt=0, lt=0.005)] = _CAPS.max_complaint_rate


class CampaignTable(Table):
    """A survey that no event asks for."""

    touchpoint: TouchpointName
    start: date
    every: Annotated[Every, BeforeValidator(lambda text: Every(choose(text, Every)))] | None = None
    over: Annotated[Duration, within(timedelta(days=1), timedelta(days=366))] | None = None

    @model_validator(mode="after")
    def _comes_back_or_ends(self) -> "CampaignTable":
        if (self.every is None) == (self.over is None):
            message = 'needs either every = "quarter" or "half-year", or over = "14d" to ask once within that time'
            raise ValueError(message)
        return self


class SourceTable(Table):
    """A webhook endpoint, `/webhooks/<name>`."""

    provider: Annotated[str, BeforeValidator(provider)]
    test_mode: bool = False
    sandbox: bool = False
    url: Annotated[str, BeforeValidator(address)] = Field("", validate_default=True)
    api_url: Annotated[str, BeforeValidator(address)] = ""
    account: Annotated[str, BeforeValidator(word)] = Field("", validate_default=True)
    webhook_id: Annotated[str, BeforeValidator(word)] = Field("", validate_default=True)
    currency: Annotated[str, BeforeValidator(currency_code)] = ""
    time_zone: Annotated[str, BeforeValidator(zone_name)] = ""
    fields: dict[Annotated[str, BeforeValidator(field)], Annotated[str, BeforeValidator(path)]] = Field(default={})
    types: dict[str, Annotated[str, BeforeValidator(meaning)]] = Field(default={})

    @field_validator("url", "account", "webhook_id")
    @classmethod
    def _needed(cls, value: str, info: ValidationInfo) -> str:
        """Demand what the provider needs; an account is a part of its API's address, unless the source has its own."""
        if "provider" not in info.data:
            return value
        connector, key = registry.load(info.data["provider"]), info.field_name or ""
        why = connector.ABOUT.needs.get(key)
        in_address = key == "account" and connector.API is not None and "{account}" in connector.API.url
        if not why or (in_address and info.data.get("api_url", True)):
            return value
        if not value:
            message = f"is missing: enter {why}"
            raise ValueError(message)
        if in_address and (not re.fullmatch(_PART_OF_ADDRESS, value) or ".." in value):
            message = f"must be {why}, not {shown(value)}"
            raise ValueError(message)
        return value

    @field_validator("fields")
    @classmethod
    def _one_amount(cls, value: dict[str, str]) -> dict[str, str]:
        if {"data.amount.value", "data.amount.minor"} <= value.keys():
            message = "maps data.amount.value and data.amount.minor: keep the one that your sender means"
            raise ValueError(message)
        return value


class IntegrityTable(Table):
    """[integrity]: the thresholds that tell people's clicks from machines'."""

    count_unconfirmed: bool = _INTEGRITY.count_unconfirmed
    visible: Annotated[float, Field(ge=0.1, le=10)] = _INTEGRITY.visible
    settling: Annotated[Duration, within(timedelta(seconds=5), timedelta(days=1))] = _INTEGRITY.settling
    burst: Duration = _INTEGRITY.burst
    probe: Duration = _INTEGRITY.probe
    second_thought: Duration = _INTEGRITY.second_thought
    most_numbers: Annotated[int, Field(ge=1, le=5)] = _INTEGRITY.most_numbers
    most_choices: Annotated[int, Field(ge=1, le=4)] = _INTEGRITY.most_choices
    scanners: Annotated[tuple[str, ...], Field(strict=False)] = ()
    networks: Annotated[tuple[Annotated[str, BeforeValidator(network)], ...], Field(strict=False)] = ()


class SmsTable(Table):
    """[sms]: the most a text message may cost."""

    max_price: Annotated[str, BeforeValidator(price)] = _SMS.max_price
    most_segments: Annotated[int, Field(ge=1, le=6)] = _SMS.most_segments


class InProductTable(Table):
    """Surveys inside the operator's product."""

    source: str = ""
    origins: Annotated[tuple[Annotated[str, BeforeValidator(origin)], ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _whole(self) -> "InProductTable":
        if bool(self.source) != bool(self.origins):
            message = (
                'needs both: source = "..." (whose ids of customers your product knows) and origins = ["https://..."]'
            )
            raise ValueError(message)
        return self


class LinkTable(Table):
    """A plain link, `/q/<name>`."""

    touchpoint: TouchpointName


class SurveyTestsTable(Table):
    """[test]: who is asked about events of a provider's test mode."""

    recipients: Annotated[
        frozenset[Annotated[str, BeforeValidator(mail_address)]], Field(strict=False, max_length=20)
    ] = frozenset()
    delay: Annotated[Duration, within(timedelta(0), timedelta(days=1))] = SurveyTests().delay


class RetentionTable(Table):
    """[retention]: how long each kind of data is kept."""

    responses: Annotated[Duration, within(timedelta(days=400)), whole_days] = _RETENTION.responses
    customers: Annotated[Duration, within(timedelta(days=400)), whole_days] = _RETENTION.customers
    comments: Annotated[Duration, within(timedelta(days=1)), whole_days] = _RETENTION.comments
    visits: Annotated[Duration, within(timedelta(days=7)), whole_days] = _RETENTION.visits
    audit: Annotated[Duration, within(timedelta(days=365)), whole_days] = _RETENTION.audit
    archive: Annotated[Duration, within(timedelta(days=400)), whole_days] = _RETENTION.archive


class SurveysFile(Table):
    """The whole file."""

    time_zone: Annotated[str, BeforeValidator(zone_name)]
    windows: dict[Name, WindowTable] = Field(default={})
    legal: LegalTable = LegalTable(preset="strict")
    sending: SendingTable = SendingTable()
    sources: dict[Name, SourceTable]
    defaults: dict[str, object] = Field(default={})
    touchpoints: dict[TouchpointName, RuleTable]
    campaigns: dict[Name, CampaignTable] = Field(default={})
    integrity: IntegrityTable = IntegrityTable()
    sms: SmsTable = SmsTable()
    in_product: InProductTable = InProductTable()
    links: dict[Name, LinkTable] = Field(default={})
    test: SurveyTestsTable = SurveyTestsTable()
    retention: RetentionTable = RetentionTable()
    segments: Annotated[dict[Annotated[str, BeforeValidator(segment_name)], Line], Field(max_length=MOST_SEGMENTS)] = (
        Field(default={})
    )
    reports: ReportsTable = ReportsTable()
    revenue: RevenueTable = RevenueTable()
    journey: JourneyTable = JourneyTable()


_TABLES: Mapping[str, type[Table]] = {
    "defaults": RuleTable,
    "touchpoints": RuleTable,
    "windows": WindowTable,
    "legal": LegalTable,
    "sending": SendingTable,
    "campaigns": CampaignTable,
    "sources": SourceTable,
    "integrity": IntegrityTable,
    "sms": SmsTable,
    "in_product": InProductTable,
    "links": LinkTable,
    "test": SurveyTestsTable,
    "retention": RetentionTable,
    "reports": ReportsTable,
    "revenue": RevenueTable,
    "journey": JourneyTable,
    "revenue.rates": RateTable,
    "journey.steps": StepTable,
    "journey.steps.notes": NoteTable,
    "journey.steps.measures": MeasureTable,
    "journey.versions": VersionTable,
}
KEYS: Mapping[str, frozenset[str]] = {
    **{name: frozenset(table.model_fields) for name, table in _TABLES.items()},
    "": frozenset(SurveysFile.model_fields),
}
"""The keys of each table, and under "" those of the file, to guess which one was meant."""

NAMED = frozenset({"touchpoints", "windows", "campaigns", "sources", "links"})
"""The tables that hold tables of their own, each under a name."""
