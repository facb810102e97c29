"""Athena over the archive: the statements of reports, and those that operators write."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code, transient
from afterbill.model.errors import AfterbillError, TransientError
from afterbill_reports.reports.statement import Parameter, positional

LONGEST_STATEMENT, LONGEST_PARAMETER = 262_144, 1024
"""Bytes of a statement and letters of a parameter that Athena takes."""
_WAITING = frozenset({"QUEUED", "RUNNING"})
_READ: Mapping[str, Callable[[str], Any]] = {
    "boolean": "true".__eq__,
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
    **dict.fromkeys(("float", "real", "double"), float),
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
}
"""Values from their texts, by the names of Athena's types; what is not here stays a text."""


class AthenaError(AfterbillError):
    """A statement that Athena does not take, or that failed or was stopped there; the text is Athena's own."""


class Answer(NamedTuple):
    """The names of the columns, the rows, which are fetched as they are consumed, and how many bytes were scanned."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]
    scanned: int


@dataclass(frozen=True, slots=True)
class AthenaEngine:
    """An Engine for reports; `pause` waits between two looks at a query that runs."""

    athena: Any
    workgroup: str
    database: str
    pause: Callable[[], object]

    def rows(self, sql: str, parameters: Mapping[str, Parameter]) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a statement with `:name` for its parameters; AthenaError and TransientError."""
        return list(self.ask(*positional(sql, parameters)).rows)

    def ask(self, sql: str, values: Sequence[Parameter] = ()) -> Answer:
        """Return the answer once the query has ended; one that is not waited for any more is stopped."""
        query = {"QueryExecutionId": self._started(sql, [literal(value) for value in values])}
        try:
            ended = self._ended(query)
        except BaseException:
            self.athena.stop_query_execution(**query)
            raise
        if ended["Status"]["State"] != "SUCCEEDED":
            raise _failure(ended["Status"])
        pages = self._pages(query)
        first = next(pages)
        kinds = [column["Type"] for column in first["ResultSetMetadata"]["ColumnInfo"]]
        named = tuple(column["Label"] for column in first["ResultSetMetadata"]["ColumnInfo"])
        header = ended.get("StatementType") == "DML"
        return Answer(
            named, _rows(first, pages, kinds, header=header), ended["Statistics"].get("DataScannedInBytes", 0)
        )

    def _started(self, sql: str, literals: Sequence[str]) -> str:
        if (size := len(sql.encode())) > LONGEST_STATEMENT:
            raise AthenaError(f"the statement has {size} bytes, and Athena takes {LONGEST_STATEMENT}")
        context = {"Database": self.database}
        given = {"ExecutionParameters": literals} if literals else {}
        with transient("starting a query"):
            try:
                started = self.athena.start_query_execution(
                    QueryString=sql, QueryExecutionContext=context, WorkGroup=self.workgroup, **given
                )
            except ClientError as error:
                if error_code(error) != "InvalidRequestException":
                    raise
                raise AthenaError(f"Athena: {error.response['Error']['Message']}") from error
        return str(started["QueryExecutionId"])

    def _ended(self, query: Mapping[str, str]) -> Mapping[str, Any]:
        while True:
            with transient("waiting for a query"):
                execution: Mapping[str, Any] = self.athena.get_query_execution(**query)["QueryExecution"]
            if execution["Status"]["State"] not in _WAITING:
                return execution
            self.pause()

    def _pages(self, query: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        more: Mapping[str, str] = {}
        while True:
            with transient("reading the answer of a query"):
                page = self.athena.get_query_results(**query, **more)
            yield page["ResultSet"]
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}


def literal(value: Parameter) -> str:
    """Spell a parameter as SQL does; AthenaError where it is longer than Athena takes."""
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    text = str(value) if isinstance(value, int) else "'{}'".format(value.replace("'", "''"))
    if len(text) > LONGEST_PARAMETER:
        raise AthenaError(f"a parameter has {len(text)} letters, and Athena takes {LONGEST_PARAMETER}")
    return text


def _failure(status: Mapping[str, Any]) -> AfterbillError:
    reason = " ".join(status.get("StateChangeReason", "").split()) or "no reason is given"
    if status.get("AthenaError", {}).get("Retryable"):
        return TransientError(f"a query failed: {reason}")
    what = "stopped the query" if status["State"] == "CANCELLED" else "could not answer"
    return AthenaError(f"Athena {what}: {reason}")


def _rows(
    first: Mapping[str, Any], others: Iterator[Mapping[str, Any]], kinds: Sequence[str], *, header: bool
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of all pages; the answer to a SELECT begins with the names of its columns."""
    for number, page in enumerate(chain([first], others)):
        for row in page["Rows"][1 if header and number == 0 else 0 :]:
            yield tuple(_value(cell, kind) for cell, kind in zip(row["Data"], kinds, strict=True))


def _value(cell: Mapping[str, str], kind: str) -> Any:  # noqa: ANN401  # of its column's type
    text = cell.get("VarCharValue")
    return None if text is None else _READ.get(kind, str)(text)
