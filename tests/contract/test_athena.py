"""Athena as an engine: parameters beside the statement, values by their types, and why there is no answer."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from botocore.stub import Stubber

from afterbill.model.errors import TransientError
from afterbill_cli.athena import LONGEST_STATEMENT, AthenaEngine, AthenaError, literal

ID = {"QueryExecutionId": "c0ffee"}
TYPES = {"id": "varchar", "rating": "integer", "share": "double", "mean": "decimal", "day": "date", "at": "timestamp"}
TYPES |= {"confirmed": "boolean", "products": "array"}
ROW = ["f1", "9", "0.25", "1.50", "2026-11-22", "2026-11-22 14:00:00.000", "true", "[a, b]"]


@pytest.fixture
def athena(aws):
    return aws("athena")


@pytest.fixture
def stub(athena):
    with Stubber(athena) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


@pytest.fixture
def waited():
    return []


@pytest.fixture
def engine(athena, waited):
    return AthenaEngine(athena, "shop", "shop_archive", lambda: waited.append("pause"))


def starts(stub, sql, **more):
    context = {"QueryExecutionContext": {"Database": "shop_archive"}, "WorkGroup": "shop"}
    stub.add_response("start_query_execution", ID, {"QueryString": sql, **context, **more})


def looked_at(stub, state, **more):
    status = {"State": state, **more}
    execution = {"Status": status, "Statistics": {"DataScannedInBytes": 1234}, "StatementType": "DML"}
    stub.add_response("get_query_execution", {"QueryExecution": execution}, ID)


def page(stub, rows, types, token=None, after=None):
    columns = [{"Name": name, "Label": name, "Type": kind} for name, kind in types.items()]
    data = [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows]
    result = {"ResultSet": {"Rows": data, "ResultSetMetadata": {"ColumnInfo": columns}}}
    asked = ID | ({"NextToken": after} if after else {})
    stub.add_response("get_query_results", result | ({"NextToken": token} if token else {}), asked)


def test_values_come_back_as_what_they_are(stub, engine):
    starts(stub, "SELECT 1")
    looked_at(stub, "SUCCEEDED")
    page(stub, [list(TYPES), ROW, [None] * len(ROW)], TYPES)

    answer = engine.ask("SELECT 1")

    assert (answer.columns, answer.scanned) == (tuple(TYPES), 1234)
    moment = datetime(2026, 11, 22, 14)  # noqa: DTZ001  # as the archive has them, of UTC
    first, empty = answer.rows
    assert first == ("f1", 9, 0.25, Decimal("1.50"), date(2026, 11, 22), moment, True, "[a, b]")
    assert empty == (None,) * len(ROW)


def test_only_the_first_of_many_pages_begins_with_the_names(stub, engine):
    starts(stub, "SELECT id FROM facts")
    looked_at(stub, "SUCCEEDED")
    page(stub, [["id"], ["a"]], {"id": "varchar"}, token="more")
    page(stub, [["b"]], {"id": "varchar"}, after="more")

    assert engine.rows("SELECT id FROM facts", {}) == [("a",), ("b",)]


def test_a_parameter_never_becomes_a_part_of_the_statement(stub, engine):
    values = {"plan": "Team' OR '1'='1", "least": 10, "first": date(2026, 11, 1), "unused": 1}
    starts(
        stub,
        "SELECT count(*) FROM facts WHERE plan = ? AND rating > ? AND day >= ? AND plan <> ':plan'",
        ExecutionParameters=["'Team'' OR ''1''=''1'", "10", "DATE '2026-11-01'"],
    )
    looked_at(stub, "SUCCEEDED")
    page(stub, [["_col0"], ["0"]], {"_col0": "bigint"})

    sql = "SELECT count(*) FROM facts WHERE plan = :plan AND rating > :least AND day >= :first AND plan <> ':plan'"
    assert engine.rows(sql, values) == [(0,)]


def test_a_query_that_runs_is_waited_for(stub, engine, waited):
    starts(stub, "SELECT 1")
    for state in ("QUEUED", "RUNNING", "SUCCEEDED"):
        looked_at(stub, state)
    page(stub, [["a"]], {"a": "varchar"})

    assert list(engine.ask("SELECT 1").rows) == []
    assert len(waited) == 2


def test_one_that_is_not_waited_for_any_more_is_stopped(stub, athena):
    def interrupt():
        raise KeyboardInterrupt

    starts(stub, "SELECT 1")
    looked_at(stub, "RUNNING")
    stub.add_response("stop_query_execution", {}, ID)

    with pytest.raises(KeyboardInterrupt):
        AthenaEngine(athena, "shop", "shop_archive", interrupt).ask("SELECT 1")


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [
        ({"State": "FAILED", "StateChangeReason": "COLUMN_NOT_FOUND: x"}, AthenaError, "could not answer: COLUMN_NOT"),
        ({"State": "CANCELLED", "StateChangeReason": "Bytes scanned limit"}, AthenaError, "stopped the query: Bytes"),
        ({"State": "CANCELLED"}, AthenaError, "no reason is given"),
        ({"State": "FAILED", "AthenaError": {"Retryable": True}}, TransientError, "a query failed"),
    ],
)
def test_what_kept_a_query_from_an_answer_is_told(stub, engine, status, error, told):
    starts(stub, "SELECT 1")
    looked_at(stub, state=status.pop("State"), **status)

    with pytest.raises(error, match=told):
        engine.ask("SELECT 1")


def test_a_statement_that_is_no_sql_is_refused_with_athenas_words(stub, engine):
    stub.add_client_error("start_query_execution", "InvalidRequestException", "line 1:1: mismatched input 'SELEC'")

    with pytest.raises(AthenaError, match="mismatched input"):
        engine.ask("SELEC 1")


def test_too_many_queries_at_once_may_pass_later(stub, engine):
    stub.add_client_error("start_query_execution", "TooManyRequestsException", "slow down")

    with pytest.raises(TransientError):
        engine.ask("SELECT 1")


@pytest.mark.usefixtures("stub")
def test_what_athena_would_not_take_is_not_sent(engine):
    with pytest.raises(AthenaError, match="Athena takes 262144"):
        engine.ask("SELECT 1 " + "-" * LONGEST_STATEMENT)
    with pytest.raises(AthenaError, match="Athena takes 1024"):
        literal("x" * 1023)
    assert literal("x" * 1022) == f"'{'x' * 1022}'"
