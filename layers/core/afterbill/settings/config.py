"""Settings of a function and the files an operator edits: read once, failing at start with the missing name.

Import this on any path: it needs the standard library only. The package `surveys` checks surveys.toml as a whole.
"""

import os
import sys
import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afterbill.model.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    from afterbill.answers.hosted import HostedLink
    from afterbill.answers.visitors import Visitors
    from afterbill.content.brand import Brand
    from afterbill.content.wording import Catalog
    from afterbill.insight.reports.asked import ReportRules
    from afterbill.model.channels import InProduct
    from afterbill.model.retention import Retention
    from afterbill.model.visits import Integrity
    from afterbill.model.webhooks import Source
    from afterbill.outreach.caps import SendingCaps

SURVEYS = "surveys.toml"
UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
"""Seconds of each unit a duration can be written in, the largest first."""
INFORMAL = "-informal"
"""The end of the file name of a language's informal texts, which say du."""


def setting(name: str) -> str:
    """The environment variable `name`, which the template sets for every function that needs it."""
    value = os.environ.get(name, "")
    if not value:
        message = f"environment variable {name} is missing: infra/template.yaml sets it for this function"
        raise ConfigurationError(message)
    return value


def choice(name: str) -> str:
    """The environment variable `name`, empty where an operator left it off."""
    return os.environ.get(name, "")


def schedule_target() -> dict[str, Any]:
    """The fields of ScheduleTarget, for the functions that set timers."""
    return {
        "group": setting("SCHEDULE_GROUP"),
        "role_arn": setting("SCHEDULE_ROLE"),
        "queue_arn": setting("SEND_QUEUE_ARN"),
        "dlq_arn": setting("SCHEDULE_DLQ_ARN"),
        "flexible_minutes": int(setting("FLEXIBLE_WINDOW_MINUTES")),
    }


@cache
def folder() -> Path:
    """The folder of the configuration layer: the first of the import path that holds surveys.toml."""
    for entry in sys.path:
        if Path(entry, SURVEYS).is_file():
            return Path(entry)
    message = f"{SURVEYS} is not on the import path: layers/config must be attached as a layer"
    raise ConfigurationError(message)


@cache
def surveys_table() -> Mapping[str, Any]:
    """surveys.toml as it stands, unchecked: `make build` and `afterbill policy check` did that."""
    return read_toml(folder() / SURVEYS)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file; ConfigurationError names the file and the line that is wrong."""
    return parse_toml(read_text(path), path.name)


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, with or without a mark of the byte order.

    ConfigurationError names the file, and the line that is none.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        message = f"{path.name}: {error.strerror or 'cannot be read'}: {path}"
        raise ConfigurationError(message) from error
    try:
        return content.decode("utf-8-sig")  # Notepad writes a mark of the byte order
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"{path.name}: line {line}: is not text in UTF-8: save the file with this encoding"
        raise ConfigurationError(message) from error


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """The tables of a TOML text; ConfigurationError names the file and shows the line that is wrong."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        from afterbill.settings.toml_mistakes import toml_mistake  # noqa: PLC0415  # only mistakes pay for it

        message = f"{name}: {toml_mistake(error, text)}"
        raise ConfigurationError(message) from error


def written(span: "timedelta") -> str:
    """Return a duration of whole seconds as surveys.toml writes it, in the largest unit that fits: `3d`, `0s`."""
    seconds = int(span.total_seconds())
    unit = next((unit for unit, length in UNITS.items() if seconds and seconds % length == 0), "s")
    return f"{seconds // UNITS[unit]}{unit}"


def sources() -> "Mapping[str, Source]":
    """The configured webhook endpoints by name."""
    from afterbill.model.webhooks import Source  # noqa: PLC0415  # same as with brand()

    return {name: Source(name, **table) for name, table in surveys_table().get("sources", {}).items()}


def reasons() -> Mapping[str, tuple[str, ...]]:
    """The reasons that can be chosen at each touchpoint with its own, those of all others under `""`."""
    surveys = surveys_table()
    tables = {"": surveys.get("defaults", {}), **surveys.get("touchpoints", {})}
    return {name: tuple(table["reasons"]) for name, table in tables.items() if "reasons" in table}


def in_product() -> "InProduct":
    """The source and the origins of surveys inside the product; empty without the table."""
    from afterbill.model.channels import InProduct  # noqa: PLC0415  # same as with brand()

    table = surveys_table().get("in_product", {})
    return InProduct(table.get("source", ""), tuple(table.get("origins", ())))


def hosted_links() -> "Mapping[str, HostedLink]":
    """The plain links by name, each with what the rule of its touchpoint says."""
    from afterbill.answers.hosted import HostedLink  # noqa: PLC0415  # same as with brand()
    from afterbill.model.questions import Question  # noqa: PLC0415  # same as with brand()

    table = surveys_table()
    named = {name: link["touchpoint"] for name, link in table.get("links", {}).items()}
    rules = {name: {**table.get("defaults", {}), **table["touchpoints"].get(name, {})} for name in named.values()}
    return {
        name: HostedLink(
            name,
            touchpoint,
            stage_of(touchpoint),
            Question(rules[touchpoint].get("question", "nps")),
            declared_segments(),
        )
        for name, touchpoint in named.items()
    }


def declared_segments() -> Mapping[str, str]:
    """The segments that reports read beyond those of scores, each with its attribute; the account is one of them."""
    table = surveys_table()
    account = table.get("reports", {}).get("account")
    return {**table.get("segments", {}), **({"account": account} if account else {})}


def time_zone() -> "ZoneInfo":
    """The operator's time zone."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415  # same as with brand()

    return ZoneInfo(surveys_table()["time_zone"])


def day_of() -> "Callable[[datetime], str]":
    """Return the function from an instant to the operator's local day (`2026-11-22`)."""
    # The zone is read with the first day that is asked for: a page that is only shown needs none.
    return lambda at: at.astimezone(time_zone()).date().isoformat()


def stage_of(touchpoint: str) -> str:
    """The stage of the customer's journey that surveys.toml puts this touchpoint into."""
    return _stage_in(surveys_table(), touchpoint)


def _stage_in(tables: Mapping[str, Any], touchpoint: str) -> str:
    return str(_rule_in(tables, touchpoint)["stage"])


def _rule_in(tables: Mapping[str, Any], touchpoint: str) -> dict[str, Any]:
    return {**tables.get("defaults", {}), **tables.get("touchpoints", {}).get(touchpoint, {})}


def _lag_in(tables: Mapping[str, Any], touchpoint: str) -> "timedelta":
    """From a fact that is told at once to its answer, at most; a day is for the zone and an outage."""
    rule = _rule_in(tables, touchpoint)
    return sum((_span(rule[name]) for name in ("delay", "patience", "expiry") if name in rule), _span("1d"))


@cache
def brand() -> "Brand":
    """brand.toml."""
    from afterbill.content.brand import brand_of  # noqa: PLC0415  # functions without pages do not pay for it

    return brand_of(read_toml(folder() / "brand.toml"))


def company() -> str:
    """The operator's company, of brand.toml."""
    return str(read_toml(folder() / "brand.toml")["company"])


def sending() -> "SendingCaps":
    """The caps of all mails together."""
    from afterbill.outreach.caps import SendingCaps  # noqa: PLC0415  # same as with brand()

    return SendingCaps(**surveys_table().get("sending", {}))


def integrity() -> "Integrity":
    """The thresholds that tell people's clicks from machines'; what the file leaves out has its default."""
    from afterbill.model.visits import Integrity  # noqa: PLC0415  # same as with brand()

    table = surveys_table().get("integrity", {})
    spans = {name: _span(value) for name, value in table.items() if isinstance(value, str)}
    lists = {name: tuple(value) for name, value in table.items() if isinstance(value, list)}
    return Integrity(**{**table, **spans, **lists})


def source_names() -> frozenset[str]:
    """The names of all configured sources."""
    return frozenset(surveys_table().get("sources", {}))


def retention() -> "Retention":
    """How long each kind of data is kept; what the file leaves out has its default."""
    from afterbill.model.retention import Retention  # noqa: PLC0415  # same as with brand()

    return Retention(**{name: _span(text) for name, text in surveys_table().get("retention", {}).items()})


def report_rules() -> "ReportRules":
    """The rules of reports."""
    return report_rules_of(surveys_table())


def report_rules_of(tables: Mapping[str, Any]) -> "ReportRules":
    """Return the rules of reports in these tables, which were checked."""
    from afterbill.insight.reports.asked import Rate, ReportRules  # noqa: PLC0415  # same as with brand()
    from afterbill.model.billing import Touchpoint  # noqa: PLC0415  # same as with brand()

    revenue, stages = tables.get("revenue", {}), dict[str, tuple[str, ...]]()
    for touchpoint in Touchpoint:
        stage = _stage_in(tables, touchpoint)
        stages[stage] = (*stages.get(stage, ()), touchpoint.value)
    return ReportRules(
        segments=tuple(tables.get("segments", {})),
        pairs=tuple((first, second) for first, second in tables.get("reports", {}).get("pairs", ())),
        currency=revenue.get("currency", ReportRules().currency),
        rates=tuple(Rate(**rate) for rate in revenue.get("rates", ())),
        unconfirmed=tables.get("integrity", {}).get("count_unconfirmed", True),
        stages=stages,
        journey=tables.get("journey", {}),
        lag=max(ReportRules().lag, *(_lag_in(tables, touchpoint) for touchpoint in Touchpoint)),
    )


def _span(text: str) -> "timedelta":
    """A duration that was checked."""
    from datetime import timedelta  # noqa: PLC0415  # same as with brand()

    return timedelta(seconds=UNITS[text[-1]] * int(text[:-1]))


def visitors(hash_network: "Callable[[str], str]" = lambda _network: "") -> "Visitors":
    """Tells visitors apart by the scanners and networks of the file; by default no network is kept."""
    from afterbill.answers.visitors import Visitors  # noqa: PLC0415  # same as with brand()

    listed = integrity()
    return Visitors(listed.scanners, listed.networks, hash_network)


def catalogs() -> "Mapping[str, Catalog]":
    """Every language in locales/, by its tag."""
    return Catalogs(folder() / "locales", brand().informal)


def templates() -> Path:
    """The folder of an operator's own templates; it need not exist."""
    return folder() / "templates"


class Catalogs(Mapping[str, "Catalog"]):
    """The texts of every language in a folder by its tag, read when they are first wanted.

    A language in `informal` is read from its file for friends: `de-informal.toml`.
    """

    def __init__(self, place: Path, informal: Collection[str] = ()) -> None:
        self._place, self._informal = place, informal
        stems = sorted(path.stem for path in place.glob("*.toml"))
        self._languages = [stem for stem in stems if not stem.endswith(INFORMAL)]
        self._read: dict[str, Catalog] = {}

    def __getitem__(self, language: str) -> "Catalog":
        if language not in self._read:
            if language not in self._languages:
                raise KeyError(language)
            name = f"{language}{INFORMAL}" if language in self._informal else language
            self._read[language] = read_toml(self._place / f"{name}.toml")["texts"]
        return self._read[language]

    def __iter__(self) -> "Iterator[str]":
        return iter(self._languages)

    def __len__(self) -> int:
        return len(self._languages)
