"""The charges of AWS: units counted in the journey and in the template, times the prices of `prices.py`.

`python -m benchmarks.costs` prints the tables of docs/operations.md.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from afterbill.answers.click_signals import Signal
from afterbill.model.invitation import RETENTION, SkipReason
from afterbill.privacy.retention import EVERY, TURNS
from benchmarks.archiving import hours, nights
from benchmarks.journey import Stage, Way, ignored, travel
from benchmarks.layers import ROOT
from benchmarks.prices import PRICES, Unit
from benchmarks.schema import template
from benchmarks.table import Row

Units = Counter[Unit]

SURVEYS = 1_000
_FREQUENCY = {
    "receive": 1_000,
    "capture": 1_000,
    "send": 1_000,
    "mail event send": 1_000,
    "mail event delivery": 1_000,
    "page": 700,
    "tap": 300,
    "answer": 300,
    "change captured": 1_000,
    "change tapped": 300,
    "change sent": 1_000,
    "change answered": 300,
    "event answered": 300,
}
"""How often each stage happens for so many surveys: 30 % are answered by a tap, 400 machines look at pages."""
_IGNORED = 2_000
"""Webhooks that mean nothing here and come along."""
_REMINDED = 700
"""Of those that nobody answered, where a reminder is configured, as shipped."""
_KEPT_BYTES, _OF_ONE_CUSTOMER = 1_200, 4
"""The rest of a survey: an invitation of 900 bytes, and its share of customer, name and address; a customer who is
asked every 90 days has twice as many in two years."""
_LAST_WEEKS = 7
"""From two years after the fact to two years after the survey could be answered last, as shipped."""
_COMMENTS = 100
"""Of 300 answers, an assumption."""
_TURNS = 60
"""Events of a category that turned, beside the 300 of answers, an assumption: one in five differs from before."""
_AGAIN = ("send", "mail event send", "mail event delivery")

_SECONDS = 0.12
"""Billed for one invocation, an assumption: 80 to 100 ms warm, and a start of a second in every fiftieth."""
_SECONDS_AT_REST = 1.0
"""Of a scheduled run that finds nothing, an assumption."""
_PLATFORM_BYTES = 700
"""The bytes that Lambda itself logs about an invocation in JSON (platform.start, platform.report), an assumption.

There are none where `SystemLogLevel` is WARN and the invocation succeeds.
"""
_FUNCTIONS = {
    "receive": "ReceiveWebhook",
    "capture": "CaptureEvent",
    "send": "SendSurvey",
    "mail event": "HandleMailEvent",
    "change": "TrackChanges",
    "event": "PublishEvents",
}
"""By how stages begin; all others are pages."""
_ACCESS_BYTES = 400
"""A line of the access log, an assumption."""
_PIECE = 64 * 1024
"""Of a message that counts as a request; the samples are smaller than one."""
_HTTP = frozenset({"receive", "page", "tap", "answer"})
_QUEUED = ("capture", "send", "mail event")

_MINUTES = 60 * 24 * 30
_RECEIVES = 5 * 3 * _MINUTES
"""Of one queue in a month, empty or not: Lambda holds five connections (betterprogramming.pub/lambda-sqs-trigger-and-
concurrency-87131dad9a12), each of which asks again after 20 seconds of long polling."""
_OBSERVABILITY = ROOT / "layers" / "core" / "afterbill" / "runtime" / "observability.py"
_METRICS = frozenset(re.findall(r'^    [A-Z_]+ = "(\w+)"$', _OBSERVABILITY.read_text("utf-8"), re.MULTILINE))
"""Read as text: who imports them says for good where they go."""
_ALWAYS = frozenset(name for name in _METRICS if name.endswith("Finished") or name == "Score")
"""Those that every scheduled run writes. One is paid for in the hours in which it is written."""
_OF_CONSOLE = frozenset({"HealthFinished", "NotifyFinished"})
"""Those that only a stack with a console writes."""
_LOOK_SECONDS, _LOOK_METRICS, _LOOK_GETS, _LOOK_READS = 10.0, 15, 2, 20
"""Units of a look of check_health: its calls one after the other (an assumption), metrics that it asks CloudWatch for,
the objects that it reads beside the one it writes, and its reads of the tables (an assumption)."""
_NOTICE_GETS, _NOTICE_READS = 4, 20
"""Units of notify_operators: objects that it reads once an hour, when it also writes down that it did, and its reads
of the table in every run, an assumption; 17 are for the eleven lists of the feed that it looks at (ADR 54)."""
_PAGE_SECONDS, _PAGE_GETS = 0.4, 2
"""Units of a page of the console: billed, a cold start in every tenth included (an assumption), and its reports."""
_APPS = [path.read_text("utf-8") for path in sorted((ROOT / "functions").glob("*/app.py"))]
_UNREADABLE_BY = sum(len(re.findall(r'count_unreadable\("', text)) for text in _APPS)
_REFUSED_BY = 1
"""Webhooks are counted by one reason, `signature_mismatch`."""
_MOST_CENTS, _MOST_AT_REST, _MOST_OF_LOOP = 5, 20, 14
_SHIPPED = frozenset({None, "HasConsole", "HasLoginBranding"})
"""The conditions that hold where nobody changes a parameter."""


def rows() -> list[Row]:
    """Per 1,000 surveys, with a reminder and without, and pages; at rest, busy, and a day at the API's throttle."""
    surveys, reminders = per_surveys(), per_reminders()
    mail = dollars({Unit.MAIL: surveys[Unit.MAIL]})
    rest, without, busy, pages = at_rest(), without_console(), when_busy(), per_pages()
    return [
        Row(
            f"{SURVEYS:,} surveys, mail apart", 100 * (dollars(surveys) - mail), "cents", _MOST_CENTS, _listed(surveys)
        ),
        Row("their mails", 100 * mail, "cents", None, f"SES, {surveys[Unit.MAIL]:,}"),
        Row(
            f"{_REMINDED} reminders more, with their mails", 100 * dollars(reminders), "cents", None, _listed(reminders)
        ),
        Row("a stack at rest, a month", dollars(rest), "$", _MOST_AT_REST, _listed(rest)),
        Row("the same without a console", dollars(without), "$", _MOST_OF_LOOP, _listed(without)),
        Row("a stack with every metric written, a month", dollars(rest + busy), "$", None, _listed(busy)),
        Row(f"{SURVEYS:,} pages of the console", 100 * dollars(pages), "cents", None, _listed(pages)),
        Row("a day of made-up webhooks at the throttle", dollars(attack()), "$", None, _listed(attack())),
    ]


def per_surveys() -> Units:
    """Units of 1,000 surveys that are sent and delivered, 300 of them answered by a tap."""
    stages = travel(known=True, way=Way.TAPPED)
    if unknown := {stage.name for stage in stages} ^ _FREQUENCY.keys():
        message = f"stages without a frequency, or the reverse: {sorted(unknown)}"
        raise ValueError(message)
    counted = [*((stage, _FREQUENCY[stage.name]) for stage in stages), *((stage, _IGNORED) for stage in ignored())]
    return _invoked(counted) + retention() + nights() + Units({Unit.EVENT: _TURNS})


def retention() -> Units:
    """Units of the retention passes over what the surveys leave, until it has gone: reads of all, writes of a part."""
    passes = RETENTION // EVERY
    bytes_read = SURVEYS * passes * _KEPT_BYTES
    # A survey is looked up in its last weeks alone: its customer is kept for as long.
    looked_up = (SURVEYS * _LAST_WEEKS + SURVEYS // _OF_ONE_CUSTOMER * passes) // TURNS
    written = _FREQUENCY["page"] + _COMMENTS
    return Units({Unit.READ: bytes_read // (2 * 4096) + looked_up, Unit.WRITE: written})


def per_reminders() -> Units:
    """Units of the reminders to those who did not answer: sent and reported as the survey was."""
    again = (stage for stage in travel(known=True, way=Way.TAPPED) if stage.name in _AGAIN)
    return _invoked([(stage, _REMINDED) for stage in again])


def _invoked(counted: Sequence[tuple[Stage, int]]) -> Units:
    """Units of stages that happen so often, with the time of their functions."""
    spent = sum(times * _SECONDS * _gigabytes(_function(stage.name)) for stage, times in counted)
    return _sum((_of(stage), times) for stage, times in counted) + Units({Unit.GB_SECOND: round(spent)})


def _of(stage: Stage) -> Units:
    """Units of one invocation with one record, as at low volume: batches cost less."""
    http, queued = stage.name in _HTTP, stage.name.startswith(_QUEUED)
    return Units(
        {
            # Marks of the archive have their share in `nights`.
            Unit.WRITE: stage.units + (0 if stage.name.startswith("change") else stage.archived),
            Unit.READ: round(stage.reads * 2) // 2,
            Unit.REQUEST: int(http),
            Unit.INVOCATION: 1,
            Unit.LOG_BYTE: stage.logged + _platform_bytes(stage.name) + http * _ACCESS_BYTES,
            # A message that Scheduler or SNS puts into a queue is a request too; then it is received and deleted.
            Unit.QUEUE_REQUEST: stage.calls["SendMessage"] + queued * (2 + (stage.name != "capture")),
            Unit.SCHEDULE: stage.calls["CreateSchedule"],
            Unit.NOTIFICATION: int(stage.name.startswith("mail event")),
            Unit.MAIL: stage.calls["SendEmail"],
            # Events that a record tells are put together; the sample tells one.
            Unit.EVENT: stage.calls["PutEvents"],
        }
    )


def _platform_bytes(stage: str) -> int:
    """The bytes that Lambda logs about an invocation of a stage that succeeds."""
    quiet = _function(stage)["Properties"]["LoggingConfig"].get("SystemLogLevel") == "WARN"
    return 0 if quiet else _PLATFORM_BYTES


def _function(stage: str) -> Mapping[str, Any]:
    name = next((name for begins, name in _FUNCTIONS.items() if stage.startswith(begins)), "RecordResponse")
    function: Mapping[str, Any] = template()["Resources"][f"{name}Function"]
    return function


def at_rest() -> Units:
    """Units of a month in which nothing happens, with the parameters as shipped: the loop, and the console's share."""
    return without_console() + console_at_rest()


def without_console() -> Units:
    """Units of such a month where the parameter Console is false."""
    resources = {name: one for name, one in _as_shipped().items() if "Condition" not in one}
    queues = [one for one in _events(resources, "SQS") if one["Properties"].get("Enabled", True) is True]
    return _waiting(resources, _ALWAYS - _OF_CONSOLE) + Units(
        {
            Unit.SECRET: len(_of_type(resources, "AWS::SecretsManager::Secret")),
            Unit.DASHBOARD: len(_of_type(resources, "AWS::CloudWatch::Dashboard")),
            Unit.QUEUE_REQUEST: len(queues) * _RECEIVES,
        }
    )


def console_at_rest() -> Units:
    """Units of a month that the scheduled functions of the console add, while nobody looks at it.

    Its user pool waits without a charge: Essentials counts users of a month, and 10,000 of them are free
    (aws.amazon.com/cognito/pricing).
    """
    resources = {name: one for name, one in _as_shipped().items() if "Condition" in one}
    looks, notices = (_runs_of(resources, f"{name}Function") for name in ("CheckHealth", "NotifyOperators"))
    longer = looks * (_LOOK_SECONDS - _SECONDS_AT_REST) * _gigabytes(resources["CheckHealthFunction"])
    return _waiting(resources, _OF_CONSOLE) + Units(
        {
            Unit.GB_SECOND: round(longer),
            Unit.METRIC_READ: looks * _LOOK_METRICS,
            Unit.PUT: looks,
            Unit.GET: looks * _LOOK_GETS + _MINUTES // 60 * _NOTICE_GETS,
            Unit.READ: looks * _LOOK_READS + notices * _NOTICE_READS,
            Unit.WRITE: _MINUTES // 60,
        }
    )


def _waiting(resources: Mapping[str, Any], metrics: Collection[str]) -> Units:
    """Units of alarms, of the metrics that are always written, and of scheduled runs that find nothing."""
    runs = {name: _runs_of(resources, name) for name in resources}
    number = sum(runs.values())
    spent = sum(times * _SECONDS_AT_REST * _gigabytes(resources[name]) for name, times in runs.items())
    return Units(
        {
            Unit.ALARM: sum(_alarm_metrics(alarm) for alarm in _of_type(resources, "AWS::CloudWatch::Alarm")),
            Unit.METRIC: len(metrics),
            Unit.SCHEDULE: number,
            Unit.INVOCATION: number,
            Unit.GB_SECOND: round(spent),
            Unit.LOG_BYTE: number * _PLATFORM_BYTES,
        }
    )


def _runs_of(resources: Mapping[str, Any], name: str) -> int:
    return sum(_runs(event) for event in _events({name: resources[name]}, "ScheduleV2"))


def per_pages() -> Units:
    """Units of 1,000 pages of the console with the reports of an overview, and the session that is read for each."""
    show = template()["Resources"]["ShowConsoleFunction"]
    return Units(
        {
            Unit.REQUEST: SURVEYS,
            Unit.INVOCATION: SURVEYS,
            Unit.GB_SECOND: round(SURVEYS * _PAGE_SECONDS * _gigabytes(show)),
            Unit.READ: SURVEYS,
            Unit.GET: SURVEYS * _PAGE_GETS,
            Unit.LOG_BYTE: SURVEYS * (_PLATFORM_BYTES + _ACCESS_BYTES),
        }
    )


def when_busy() -> Units:
    """Metrics more where all that can occur does in every hour, those by `reason` and of the access log included.

    Unknown deliveries are left out by reason: that is the name of an error, of which there is no list.
    """
    resources = _as_shipped()
    filters = len(_of_type(resources, "AWS::Logs::MetricFilter"))
    failing = sum(
        bool([*_events({name: one}, "SQS"), *_events({name: one}, "DynamoDB")]) for name, one in resources.items()
    )
    by_reason = len(SkipReason) + len(Signal) + failing + _UNREADABLE_BY + _REFUSED_BY
    return Units({Unit.METRIC: len(_METRICS - _ALWAYS) + filters + by_reason}) + hours(_MINUTES // 60)


def attack() -> Units:
    """A day of webhooks that nobody signed, at the rate at which the API begins to refuse."""
    requests = template()["Parameters"]["ThrottleRate"]["Default"] * 60 * 60 * 24
    received = next(stage for stage in ignored() if stage.name in _HTTP)
    logged = _platform_bytes(received.name) + _ACCESS_BYTES + received.logged
    return Units({Unit.REQUEST: requests, Unit.INVOCATION: requests, Unit.LOG_BYTE: requests * logged})


def dollars(units: Mapping[Unit, int]) -> float:
    """Return their costs, the time of the invocations among them."""
    return sum(PRICES[unit].each * number for unit, number in _timed(units).items())


def _timed(units: Mapping[Unit, int]) -> Counter[Unit]:
    """The same with the GB-seconds of its invocations, of a function as most are, where they are not counted yet."""
    spent = round(units.get(Unit.INVOCATION, 0) * _SECONDS * _gigabytes({}))
    return Counter({Unit.GB_SECOND: spent, **units})


def _gigabytes(function: Mapping[str, Any]) -> float:
    """The memory of a function, by default that of all."""
    everywhere = template()["Globals"]["Function"]["MemorySize"]
    return float(function.get("Properties", {}).get("MemorySize", everywhere)) / 1024


def _sum(counted: Iterable[tuple[Units, int]]) -> Units:
    total: Units = Counter()
    for units, times in counted:
        total.update({unit: number * times for unit, number in units.items()})
    return total


def _as_shipped() -> dict[str, Any]:
    return {name: one for name, one in template()["Resources"].items() if one.get("Condition") in _SHIPPED}


def _of_type(resources: Mapping[str, Any], kind: str) -> list[Any]:
    return [one for one in resources.values() if one["Type"] == kind]


def _events(resources: Mapping[str, Any], kind: str) -> list[Any]:
    functions = _of_type(resources, "AWS::Serverless::Function")
    events = (event for function in functions for event in function["Properties"].get("Events", {}).values())
    return [event for event in events if event["Type"] == kind]


def _runs(event: Mapping[str, Any]) -> int:
    """Runs in a month of a schedule such as `rate(15 minutes)`, by default."""
    text = _rate(event["Properties"]["ScheduleExpression"])
    every, unit = re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", text).groups()  # type: ignore[union-attr]  # or it raises
    return _MINUTES // (int(every) * {"minute": 1, "hour": 60, "day": 60 * 24}[unit])


def _rate(expression: Any) -> str:  # noqa: ANN401  # a text, or a function of CloudFormation
    parameters = template()["Parameters"]
    match expression:
        case {"Ref": name}:
            return str(parameters[name]["Default"])
        case {"Fn::If": [_, _, {"Fn::Sub": text}]}:
            return re.sub(r"\$\{(\w+)\}", lambda one: str(parameters[one[1]]["Default"]), text)
        case _:
            return str(expression)


def _alarm_metrics(alarm: Mapping[str, Any]) -> int:
    """An alarm on an expression is charged for every metric in it."""
    return sum("MetricStat" in one for one in alarm["Properties"].get("Metrics", ())) or 1


def _listed(units: Mapping[Unit, int]) -> str:
    """Return the cost of each kind, the dearest first."""
    parts = {unit: PRICES[unit].each * number for unit, number in _timed(units).items() if unit is not Unit.MAIL}
    dear = sorted(((cost, unit) for unit, cost in parts.items() if cost), reverse=True)
    return ", ".join(f"{unit.partition(',')[0]} {cost:.2g}" for cost, unit in dear)


def as_markdown() -> str:
    """The table of docs/operations.md."""
    lines = ["| what | costs |", "|---|---|"]
    return "\n".join([*lines, *(f"| {row.what} | {written(row)} |" for row in rows())])


def written(row: Row) -> str:
    """Dollars, with the digits that say something."""
    paid = row.measured / 100 if row.unit == "cents" else row.measured
    return f"${paid:.3f}" if row.unit == "cents" else f"${paid:.2f}"


if __name__ == "__main__":
    print(as_markdown())
