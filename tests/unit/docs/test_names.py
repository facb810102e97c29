"""What the documentation names exists: files, alarms, parameters, metrics, items, states, words of the code."""

import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.connectors import registry
from afterbill.model.invitation import TRANSITIONS, Delivery
from afterbill.runtime.observability import Metric
from tests.unit.docs.pages import PAGES, ROOT, name, prose, read, spans, table, template

CORE = "layers/core/afterbill"
CONSOLE = "layers/console/afterbill_console"
ACTIONS = "layers/actions/afterbill_actions"
KEYS = (
    f"{CORE}/adapters/dynamodb/keys.py",
    f"{CONSOLE}/adapters/keys.py",
    f"{ACTIONS}/adapters/keys.py",
    f"{ACTIONS}/adapters/outbox_keys.py",
)
"""The modules that build the keys of items."""
OF_INDEXES = {"FACT", "SLOT", "TEST", "TASKS"}
"""What partitions of indexes are called that no item of the table lies under."""
CLAIMS = {"DIGEST", "ALERT"}
"""How the sort keys of claims begin, which are named where the mails are made."""
TOP = (
    "afterbill_cli",
    "afterbill_dev",
    "benchmarks",
    "docs",
    "events",
    "functions",
    "infra",
    "layers",
    "requirements",
    "tests",
    ".ci",
)
CODE = (*(set(TOP) - {"benchmarks", "docs", "tests", ".ci"}), "tests/conftest.py", "Makefile", "pyproject.toml")


def backticked(pattern: str, page: str) -> set[str]:
    return {span for span in spans(page) if re.fullmatch(pattern, span)}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_file_named_exists(page: Path):
    inside = "|".join(path.name for path in (ROOT / CORE).iterdir() if path.suffix != ".pyc")
    paths = backticked(rf"(?:(?:{'|'.join(map(re.escape, TOP))})/[\w./*-]*|(?:{inside})(?:/[\w./-]*)?)", str(page))
    folders = (ROOT, ROOT / CORE, ROOT / ACTIONS, page.parent)

    assert [path for path in sorted(paths) if not any(any(folder.glob(path.rstrip("/"))) for folder in folders)] == []


@cache
def words_of_the_code() -> frozenset[str]:
    files = [path for top in CODE for path in ([ROOT / top] if (ROOT / top).is_file() else (ROOT / top).rglob("*"))]
    kinds = {".py", ".toml", ".yaml", ".txt", ".html", ".json", ""}
    texts = [f"{path.stem} {read(path)}" for path in files if path.is_file() and path.suffix in kinds]
    return frozenset(word for text in texts for word in re.findall(r"\w+", text))


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name != "providers"], ids=name)
def test_every_word_set_as_code_is_a_word_of_the_code(page: Path):
    words = {word for span in backticked(r"[A-Za-z][\w.]*", str(page)) for word in re.findall(r"\w+", span)}

    assert sorted(words - words_of_the_code()) == []


def test_operations_knows_every_alarm_and_no_other():
    alarms = {key for key, one in template()["Resources"].items() if one["Type"] == "AWS::CloudWatch::Alarm"}
    rows = table("docs/operations.md", "alarm")

    assert sorted(re.findall(r"`(\w+)`", " ".join(row[0] for row in rows))) == sorted(alarms)


def test_operations_knows_every_metric_and_no_other():
    rows = table("docs/operations.md", "metric")

    assert sorted(re.findall(r"`(\w+)`", " ".join(row[0] for row in rows))) == sorted(Metric)


def test_deploying_knows_every_parameter_with_its_default():
    described = {
        parameter: default
        for names, defaults, _ in table("docs/deploy.md", "parameter")
        for parameter, default in zip(re.findall(r"`(\w+)`", names), defaults.split(", "), strict=True)
    }
    spelled = {None: "none", "": "empty"}
    declared = {key: one.get("Default") for key, one in template()["Parameters"].items()}

    assert described == {key: spelled.get(default, str(default)) for key, default in declared.items()}


def test_the_architecture_knows_every_folder_of_the_core():
    rows = table("docs/architecture.md", "folder")
    folders = {path.name for path in (ROOT / CORE).iterdir() if path.is_dir() and path.name != "__pycache__"}

    assert {row[0].strip("`/") for row in rows} == folders


def test_the_architecture_draws_the_import_contract():
    contracts = tomllib.loads(read("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    [contract] = [contract for contract in contracts if contract.get("containers") == ["afterbill"]]
    drawn = read("docs/architecture.md").partition("## Who may import whom")[2].split("```")[1]

    assert [sorted(line.split()) for line in drawn.split("\n\n")[1].split("\n") if line] == [
        sorted(layer.split(" | ")) for layer in contract["layers"]
    ]


def test_the_architecture_knows_every_item():
    rows = table("docs/architecture.md", "`pk` / `sk`")
    described = {span.split("#")[0] for row in rows for span in re.findall(r"`([A-Z]+)[#`]", row[0])}
    named = set(re.findall(r'"([A-Z]{4,})[#"]', "".join(map(read, KEYS)))) | CLAIMS

    assert described == named - OF_INDEXES


def test_the_architecture_knows_every_index():
    rows = table("docs/architecture.md", "index")

    indexes = template()["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"]
    assert {row[0].strip("`") for row in rows} == {index["IndexName"] for index in indexes}
    assert {keys.BY_DAY, keys.BY_ANSWERED_DAY} <= {row[0].strip("`") for row in rows}
    assert set(re.findall(r"`([A-Z]+)[#`]", " ".join(row[1] for row in rows))) >= OF_INDEXES


def test_the_architecture_knows_every_transition():
    rows = table("docs/architecture.md", "from")

    described = {(row[0].strip("`"), row[1].strip("`")) for row in rows}
    assert described == {(str(state), str(to)) for state, targets in TRANSITIONS.items() for to in targets}


def test_the_architecture_knows_the_ranks_of_delivery():
    ranks = ", ".join(rank.name.lower() for rank in sorted(Delivery))

    assert f"`delivery` is a rank that only rises: {ranks}." in prose("docs/architecture.md")


def test_an_operator_ticks_every_stripe_event_of_use():
    rows = table("docs/providers/stripe.md", "Event")
    used = {row[0].strip("`") for row in rows if row[2] != "ignored" and row[0].startswith("`")}

    assert set(registry.load("stripe").ABOUT.events) == used
