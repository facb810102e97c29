"""The words for mistakes in surveys.toml: file, table, key and line, what is wrong, and what is allowed instead."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import annotated_types
import pytest

from afterbill.model.errors import ConfigurationError
from afterbill.settings.config import read_toml, written
from afterbill.settings.surveys import load_policy, policy_of, tables
from afterbill.settings.toml_mistakes import toml_mistake

SHIPPED = (Path(__file__).resolve().parents[3] / "layers/config/surveys.toml").read_text(encoding="utf-8")

NOT_OURS = (
    "datetime",
    "timedelta",
    "pattern",
    "Input",
    "should",
    "pydantic",
    "regex",
    "^",
    "\\\\",
    "Errno",
    "<class",
    "None",
)
"""Words and signs of libraries and programs."""

PLACES = {
    "": tables.SurveysFile,
    "defaults": tables.RuleTable,
    "touchpoints.renewed": tables.RuleTable,
    "windows.office": tables.WindowTable,
    "legal": tables.LegalTable,
    "sending": tables.SendingTable,
    "campaigns.yearly": tables.CampaignTable,
    "sources.stripe": tables.SourceTable,
    "integrity": tables.IntegrityTable,
    "sms": tables.SmsTable,
    "in_product": tables.InProductTable,
    "links.counter": tables.LinkTable,
    "test": tables.SurveyTestsTable,
    "retention": tables.RetentionTable,
    "reports": tables.ReportsTable,
    "revenue": tables.RevenueTable,
    "journey": tables.JourneyTable,
}
"""Every table, by a place where it stands."""

ANY_VALUE: tuple[object, ...] = (
    *(
        "",
        "nonsense",
        "x" * 300,
        "a\nb",
        "0s",
        "36h",
        "3650d",
        3,
        -1,
        10**9,
        1.5,
        -0.5,
        float("nan"),
        float("inf"),
        True,
    ),
    *(date(2027, 1, 1), datetime(2027, 1, 1, 9, tzinfo=UTC), time(9, 30)),
    *([], [3], [date(2027, 1, 1)], ["nonsense"], {}, {"nonsense": time(9)}, {"nonsense": {}}),
)
"""A value of every kind that TOML has."""


def with_value(place: str, value: object) -> dict[str, Any]:
    """The shipped file, with one table of each kind, and another value at one place."""
    changed = tomllib.loads(SHIPPED)
    changed["campaigns"] = {"yearly": {"touchpoint": "relationship", "every": "half-year", "start": date(2027, 1, 1)}}
    changed["touchpoints"]["relationship"] = {"ask": True}
    changed["in_product"] = {"source": "stripe", "origins": ["https://app.example.com"]}
    changed["links"] = {"counter": {"touchpoint": "renewed"}}
    *folders, key = place.lstrip(".").split(".")
    table = changed
    for folder in folders:
        table = table.setdefault(folder, {})
    table[key] = value
    return changed


def mistakes(place: str, value: object) -> list[str]:
    """What is wrong with the file then, without its name; nothing where it is not."""
    try:
        policy_of(with_value(place, value))
    except ConfigurationError as error:
        return [line.removeprefix("surveys.toml: ") for line in str(error).splitlines()]
    return []


@pytest.mark.parametrize("place", [f"{place}.{key}" for place, table in PLACES.items() for key in table.model_fields])
def test_no_value_of_any_kind_is_told_in_the_words_of_a_library(place: str) -> None:
    for value in ANY_VALUE:
        for line in mistakes(place, value):
            assert not [word for word in NOT_OURS if word in line], line
            assert ": " in line
            assert len(line) < 800


def test_no_kind_of_table_is_left_out() -> None:
    assert {place.partition(".")[0] for place in PLACES} == {key for key in tables.KEYS if "." not in key}


def too_many(key: str, most: int) -> object:
    if key == "pairs":
        return [["plan", "country"]] * (most + 1)
    end = "@example.com" if key == "recipients" else ""
    entries = [f"a{number}{end}" for number in range(most + 1)]
    return dict.fromkeys(entries, "attribute") if key == "segments" else entries


def limits() -> Iterator[tuple[str, object, str]]:
    """Every limit of a number or a list in the models, with a value just beyond it; those of durations stand below."""
    for place, table in PLACES.items():
        for key, field in table.model_fields.items():
            for limit in field.metadata:
                match limit:
                    case annotated_types.Ge(ge):
                        yield f"{place}.{key}", ge - 1, f"must be at least {ge:g}, not "
                    case annotated_types.Gt(gt):
                        yield f"{place}.{key}", gt, f"must be more than {gt:g}, not "
                    case annotated_types.Le(le):
                        yield f"{place}.{key}", le + 1, f"must be at most {le:g}, not "
                    case annotated_types.Lt(lt):
                        yield f"{place}.{key}", lt, f"must be less than {lt:g}, not "
                    case annotated_types.MaxLen(most):
                        yield (
                            f"{place}.{key}".lstrip("."),
                            too_many(key, most),
                            f"must have at most {most} entries, not ",
                        )


@pytest.mark.parametrize(("place", "value", "told"), list(limits()))
def test_every_limit_is_told_as_the_file_writes_it(place: str, value: object, told: str) -> None:
    assert any(line.startswith(f"{place}: {told}") for line in mistakes(place, value)), mistakes(place, value)


def test_all_limits_are_found() -> None:
    assert len(list(limits())) > 20


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("integrity.settling", "1s", "integrity.settling: must be from 5s to 1d, not 1s"),
        ("defaults.patience", "30m", "defaults.patience: must be from 1h to 3650d, not 30m"),
        (
            "test.recipients",
            ["you@example"],
            'test.recipients.0: must be a mail address such as "you@example.com", not "you@example": the part ',
        ),
        ("test.delay", "400d", "test.delay: must be from 0s to 1d, not 400d"),
        ("campaigns.yearly.over", "400d", "campaigns.yearly.over: must be from 1d to 366d, not 400d"),
        (
            "defaults.delay",
            3,
            'defaults.delay: must be a duration such as "20s", "90m", "48h" or "3d", ten years at most, not 3',
        ),
        (
            "defaults.delay",
            date(2027, 1, 1),
            'defaults.delay: must be a duration such as "20s", "90m", "48h" or "3d", ten years at most, not 2027-01-01',
        ),
        ("defaults.sampling", 2, "defaults.sampling: must be at most 1, not 2"),
        ("defaults.sampling", "all", 'defaults.sampling: must be a number, not "all"'),
        ("defaults.priority", 1.5, "defaults.priority: must be a whole number, not 1.5"),
        ("defaults.ask", "yes", 'defaults.ask: must be true or false, not "yes"'),
        ("defaults.window", 3, "defaults.window: must be a text, not 3"),
        (
            "defaults.window",
            "offise",
            'defaults.window: there is no such table under [windows]: "offise" is unknown; did you mean "office"?',
        ),
        (
            "defaults.stage",
            "suport",
            'defaults.stage: "suport" is unknown; did you mean "support"?',
        ),
        (
            "defaults.stops",
            "custmer",
            'defaults.stops: "custmer" is unknown; did you mean "customer"?',
        ),
        (
            "defaults.question",
            "nsp",
            'defaults.question: "nsp" is unknown; did you mean "nps"?',
        ),
        (
            "defaults.reasons",
            ["Too dear"],
            'defaults.reasons.0: must be a name of 1 to 40 signs out of a to z, 0 to 9, "_" and "-", not "Too dear"',
        ),
        (
            "defaults.reasons",
            ["price", "service", "price"],
            'defaults.reasons: must name each reason once, but "price" stands twice',
        ),
        ("defaults.quota", 1.0, "defaults.quota: must be a whole number, not 1.0"),
        (
            "sources.events.types",
            {"order.paid": "orderpaid"},
            'sources.events.types."order.paid": "orderpaid" is unknown; did you mean "order_paid"?',
        ),
        ("defaults.reasons", "price", 'defaults.reasons: must be a list, not "price"'),
        (
            "defaults.channels",
            ["main"],
            'defaults.channels: "main" is unknown; did you mean "mail"?',
        ),
        ("defaults.colour", "red", 'defaults.colour: "colour" is unknown'),
        ("defaults.remainder", "7d", 'defaults.remainder: "remainder" is unknown; did you mean "reminder"?'),
        ("defaults.per_hour", 3, 'defaults.per_hour: "per_hour" is unknown here: it stands under [sending]'),
        (
            "touchpoints.payment_suceeded",
            {},
            'touchpoints.payment_suceeded: "payment_suceeded" is unknown; did you mean "payment_succeeded"?',
        ),
        ("touchpoints.renewed", "often", 'touchpoints.renewed: must be a table, not "often"'),
        ("touchpoint", "renewed", 'touchpoint: "touchpoint" is unknown here: it stands under [campaigns] or [links]'),
        ("surces", {}, 'surces: "surces" is unknown; did you mean "sources"?'),
        ("default", {}, 'default: "default" is unknown; did you mean "defaults"?'),
        ("touchpoints", [], "touchpoints: must be a table, not []"),
        (
            "sources.A B",
            {"provider": "stripe"},
            'sources.A B: must be a name of 1 to 40 signs out of a to z, 0 to 9, "_" and "-", not "A B"',
        ),
        ("sources.stripe.provider", "strype", 'sources.stripe.provider: "strype" is unknown; did you mean "stripe"?'),
        (
            "links.counter.touchpoint",
            "renewd",
            'links.counter.touchpoint: "renewd" is unknown; did you mean "renewed"?',
        ),
        (
            "campaigns.yearly.start",
            "2027-01-01",
            'campaigns.yearly.start: must be a day such as 2027-01-31, without quotes, not "2027-01-01"',
        ),
        (
            "sms.max_price",
            0.1,
            'sms.max_price: must be US dollars in quotes, with two to five decimals, such as "0.10", not 0.1',
        ),
        (
            "legal.preset",
            "strikt",
            'legal.preset: "strikt" is unknown; did you mean "strict"?',
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_mistake_is_told_by_its_key_with_what_is_allowed(place: str, value: object, told: str) -> None:
    assert any(line.startswith(told) for line in mistakes(place, value)), mistakes(place, value)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (90, "90s"), (3600, "1h"), (5400, "90m"), (86400, "1d"), (90000, "25h")]
)
def test_a_duration_is_written_in_the_largest_unit_that_fits(seconds: int, text: str) -> None:
    assert written(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("defaults.question", "nsp", '"nsp" is unknown; did you mean "nps"?'),
        ("defaults.question", "NPS", '"NPS" is unknown; did you mean "nps"?'),
        ("defaults.question", "thumbs", '"thumbs" is unknown; there are: nps, csat, ces, rebuy'),
        ("defaults.question", 3, "must be one of nps, csat, ces, rebuy, not 3"),
    ],
)
def test_all_names_are_listed_where_none_is_near(place: str, value: object, told: str) -> None:
    assert mistakes(place, value) == [f"{place}: {told}"]


TIME_ZONE = '"time_zone" is unknown here: it stands at the top of the file or under [sources]'
NAME = "must stand under a name of its own, as in "


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        ("defaults", 3, "defaults: must be a table, not 3"),
        ("defaults", [{"ask": True}], "defaults: must be written [defaults], in single brackets"),
        ("sources.stripe", [{}], "sources.stripe: must be written [sources.stripe], in single brackets"),
        ("touchpoints.renewd", [{}], "touchpoints.renewd: must be written [touchpoints.renewd], in single brackets"),
        ("touchpoints.ask", True, f"touchpoints.ask: {NAME}[touchpoints.NAME], or under [defaults]"),
        ("sources.provider", "stripe", f"sources.provider: {NAME}[sources.NAME]"),
        ("windows.days", ["mon"], f"windows.days: {NAME}[windows.NAME]"),
        ("legal.countries", "DE", 'legal.countries: must be a table, not "DE"'),
        ("legal.time_zone", "UTC", f"legal.time_zone: {TIME_ZONE}"),
        ("defaults.sending", {}, 'defaults.sending: "sending" is unknown here: it stands at the top of the file'),
    ],
)
def test_what_stands_in_a_wrong_place_is_told_once(place: str, value: object, told: str) -> None:
    assert mistakes(place, value) == [told]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[windows.office]", "[window.office]", 'window: "window" is unknown; did you mean "windows"?'),
        ("[touchpoints.renewed]", "[touchpoint.renewed]", 'touchpoint: "touchpoint" is unknown; did you mean "touch'),
        ("[sources.stripe]", "[source.stripe]", 'source: "source" is unknown; did you mean "sources"?'),
        ("[defaults]", "[default]", 'default: "default" is unknown; did you mean "defaults"?'),
        ("sampling = 1.0", "samplign = 1.0", 'defaults.samplign: "samplign" is unknown; did you mean "sampling"?'),
        ("# [campaigns.relationship]", "[campaign.x]", 'campaign: "campaign" is unknown; did you mean "campaigns"?'),
        ("# [links.counter]", "[link.counter]", 'link: "link" is unknown; did you mean "links"?'),
        ("[integrity]", "[integrety]", 'integrety: "integrety" is unknown; did you mean "integrity"?'),
        ("[sources.events]", "[sources.send-test]", "sources.send-test: this name is taken by `afterbill send-test`"),
        ('delay = "7d"', 'stops = "subscription"', 'touchpoints.order_paid.stops: "subscription" is for cancelled al'),
        ('stops = "nothing"', 'stops = "subscription"', 'defaults.stops: "subscription" is for cancelled alone'),
    ],
)
def test_a_cause_is_told_once_with_its_line_and_without_what_follows_from_it(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    text = SHIPPED.replace(old, new, 1)
    assert new in text

    (line,) = told_by(tmp_path, text)

    number = next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(new))
    assert line.startswith(f"surveys.toml: {told}")
    assert line.endswith(f" (line {number})")


def test_what_does_not_follow_from_a_misspelt_name_is_told_beside_it(tmp_path: Path) -> None:
    text = SHIPPED.replace("[windows.office]", "[window.office]").replace('delay = "3d"', 'delay = "3"')

    assert [line.partition(": ")[2][:14] for line in told_by(tmp_path, text)] == ["defaults.delay", 'window: "windo']


def test_two_spellings_of_one_key_leave_the_other_in_force() -> None:
    assert mistakes("defaults.samplign", 2) == ['defaults.samplign: "samplign" is unknown; did you mean "sampling"?']


def told_by(tmp_path: Path, text: str | bytes) -> list[str]:
    file = tmp_path / "surveys.toml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(ConfigurationError) as caught:
        load_policy(file)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("old", "new", "told", "of"),
    [
        ('delay = "3d"', 'delay = "3 days"', "defaults.delay: must be a duration", 'delay = "3 days"'),
        (
            "paid_only = true",
            "paid_onli = true",
            'payment_succeeded.paid_onli: "paid_onli" is unknown',
            "paid_onli = true",
        ),
        (
            "[touchpoints.renewed]",
            "[touchpoints.renewd]",
            'touchpoints.renewd: "renewd" is unknown',
            "[touchpoints.renewd]",
        ),
        ("time_zone = ", 'colour = "red"\ntime_zone = ', 'colour: "colour" is unknown', 'colour = "red"'),
    ],
)
def test_a_mistake_tells_its_line(tmp_path: Path, old: str, new: str, told: str, of: str) -> None:
    text = SHIPPED.replace(old, new, 1)
    assert text != SHIPPED
    number = next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith(of))

    (line,) = [line for line in told_by(tmp_path, text) if told in line]

    assert line.endswith(f" (line {number})")


def test_what_is_missing_tells_the_line_of_its_table(tmp_path: Path) -> None:
    text = SHIPPED + "\n[links.counter]\n"

    assert told_by(tmp_path, text) == [
        f"surveys.toml: links.counter.touchpoint: is missing (line {len(text.splitlines())})"
    ]


def test_defaults_that_are_missing_are_one_mistake(tmp_path: Path) -> None:
    assert told_by(tmp_path, 'time_zone = "UTC"\n[sources]\n') == ["surveys.toml: defaults: is missing"]


def test_what_stands_nowhere_tells_no_line(tmp_path: Path) -> None:
    assert "surveys.toml: time_zone: is missing" in told_by(tmp_path, "[sources]\n")


def test_quoted_names_are_found_too(tmp_path: Path) -> None:
    assert told_by(tmp_path, SHIPPED + '\n[sources."A.B"]\nprovider = "stripe"\n')[0].endswith(
        f'not "A.B" (line {len(SHIPPED.splitlines()) + 2})'
    )


END = "must end after its value: a text stands in quotes, a decimal has a point"
VALUE = "is no value: a text stands in straight quotes, true and false in small letters"
STATEMENT = 'is neither KEY = VALUE nor [TABLE]; a comment begins with "#"'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a = 1\nb = 3d\n", f"line 2: {END}: b = 3d"),
        ("sampling = 0,5\n", f"line 1: {END}: sampling = 0,5"),
        ("a = 1\n\nb 3\n", f"line 3: {STATEMENT}: b 3"),
        ("// a\n", f"line 1: {STATEMENT}: // a"),
        ("ask = yes\n", f"line 1: {VALUE}: ask = yes"),
        ("a = 1\na = 2\n", "line 2: a stands twice: a = 2"),
        ("[legal]\n[legal]\n", "line 2: [legal] stands twice: [legal]"),
        ("[[a.b]]\n[a.b]\n", "line 2: [a.b] stands twice: [a.b]"),
        ("a = {b = 1, b = 2}\n", "line 1: a key stands twice between the braces: a = {b = 1, b = 2}"),
        ("a = {b = 1}\na.c = 2\n", "line 2: a.c adds to a table that is complete above: a.c = 2"),
        ("a = 1\n[defaults", 'line 2: the closing "]" is missing, or the name needs quotes: [defaults'),
        ('a = "3d\nb = 1\n', 'line 1: the closing quote is missing: a = "3d'),
        ('"a = 1\n', 'line 1: the closing quote is missing: "a = 1'),
        ("a = 'b\nc = 'd'\n", "line 1: the closing quote is missing: a = 'b"),
        ("a = 'b\n", "line 1: the closing quote is missing, here or above: a = 'b"),
        ('a = 1\nb = """\nno end', "line 3: the closing quote is missing, here or above: no end"),
        ("a = [1 2]\n", 'line 1: the closing "]" of a list or a comma in it is missing, here or above: a = [1 2]'),
        ("a = {b = 1\n", 'line 1: the closing "}" or a comma is missing: a = {b = 1'),
        ("a = 2027-01-01T25:00:00\n", f"line 1: {END}: a = 2027-01-01T25:00:00"),
        ("a = 2027-02-30\n", "line 1: there is no such day or time: a = 2027-02-30"),
        ('a = "C:\\new\\x"\n', 'line 1: a "\\" in a text in double quotes is written "\\\\": a = "C:\\new\\x"'),
        ("a = 1 # \x00\n", "line 1: holds a character that cannot be printed: a = 1 # \ufffd"),
        (f"{'a' * 90} = 3d\n", f"line 1: {END}: {'a' * 79}…"),
        (b"a = 1\nb = '\xff'\n", "line 2: is not text in UTF-8: save the file with this encoding"),
    ],
)
def test_what_is_no_toml_is_shown_with_its_line(tmp_path: Path, text: str | bytes, told: str) -> None:
    assert told_by(tmp_path, text) == [f"surveys.toml: {told}"]


def test_a_mistake_of_a_kind_that_is_not_known_shows_its_line() -> None:
    error = tomllib.TOMLDecodeError("Whatever (at line 2, column 1)")

    assert toml_mistake(error, "a = 1\nb = 2") == "line 2: is no TOML: b = 2"


def test_a_mistake_in_an_empty_text_can_be_told() -> None:
    assert toml_mistake(tomllib.TOMLDecodeError("Whatever (at end of document)"), "") == "line 1: is no TOML: "


def test_a_file_that_notepad_saved_is_read(tmp_path: Path) -> None:
    file = tmp_path / "surveys.toml"
    file.write_bytes(b"\xef\xbb\xbf" + SHIPPED.replace("\n", "\r\n").encode())

    assert load_policy(file).time_zone == "Europe/Berlin"


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^surveys.toml: No such file or directory: /"):
        read_toml(tmp_path / "surveys.toml")
