"""Every statement of every report: fixed text that DuckDB runs and Athena, which is Trino, would read the same way."""

from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import pytest
import sqlglot
from sqlglot import exp

from afterbill.insight.reports.asked import ReportRules
from afterbill_reports.reports import sql
from afterbill_reports.reports import values as values_told
from afterbill_reports.reports.modules import REPORTS
from afterbill_reports.reports.worth_sql import values
from tests.unit.insight.reports.fact_world import TODAY, Archive, asked, some_facts

BEGINNING = sql.FACTS.strip()[:20]
OTHERS = {"period": "week", "least": 1, "quiet": TODAY, "then_first": TODAY, "then_last": TODAY}


def statements_of(module: ModuleType) -> Iterator[str]:
    """All texts among the constants of a module that begin like a statement, in tuples too."""
    for constant in vars(module).values():
        for text in constant if isinstance(constant, tuple) else (constant,):
            if isinstance(text, str) and text.strip().startswith(BEGINNING) and text != sql.FACTS:
                yield text


def every_statement() -> list:
    modules = [values_told, *(import_module(name) for name in REPORTS.values() if find_spec(name))]
    found = {text: module.__name__.rpartition(".")[2] for module in modules for text in statements_of(module)}
    return [pytest.param(text, id=f"{name}-{number}") for number, (text, name) in enumerate(found.items())]


@pytest.fixture(scope="module")
def archive() -> Archive:
    return Archive(some_facts(1, 120))


@pytest.mark.parametrize("statement", every_statement())
def test_a_statement_is_one_query_in_trinos_words_too(statement):
    (tree,) = sqlglot.parse(statement, read="trino")

    assert isinstance(tree, exp.Select)
    assert "--" not in statement


@pytest.mark.parametrize("statement", every_statement())
def test_read_as_trino_and_written_as_duckdb_it_says_the_same(archive, statement):
    parameters = dict.fromkeys(named(statement), 0) | values(asked(), ReportRules(segments=("size",))) | OTHERS
    (translated,) = sqlglot.transpile(statement, read="trino", write="duckdb")

    plain, through = (archive.rows(text.replace("$", ":"), parameters) for text in (statement, translated))

    assert sorted(map(repr, plain)) == sorted(map(repr, through))


def named(statement: str) -> set[str]:
    return {place.name for place in sqlglot.parse_one(statement, read="trino").find_all(exp.Placeholder)}
