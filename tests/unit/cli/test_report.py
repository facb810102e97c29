"""`afterbill report`: reports as people and programs read them, and what happens where there is none yet."""

import csv
import io
import json
import urllib.parse
from datetime import UTC, datetime, timedelta
from functools import partial

import openpyxl
import pytest

from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.insight.periods import rolling
from afterbill.insight.reports.reading import MOST_ASKED, WAIT_SECONDS
from afterbill.insight.reports.requested import ReportRequest
from afterbill.intake.ports import FactWrites
from afterbill.model.customer import Customer
from afterbill.model.errors import AfterbillError
from afterbill_cli import cli, deployed
from afterbill_cli.memory.reports import MemoryReportRequests
from afterbill_cli.reports.forms import as_csv, as_workbook
from afterbill_cli.reports.people import as_text
from afterbill_cli.reports.sections import plain
from afterbill_cli.reports.waiting import Reader
from tests.contract.scores_table import TABLE
from tests.unit.cli import report_documents as documents

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.fixture
def run(stack, monkeypatch, capsys):
    """Give the command its words; its exit code, then what it said on stdout and stderr."""
    monkeypatch.setattr(deployed, "connect", lambda _: stack)

    def running(*words):
        capsys.readouterr()
        code = cli.main(["report", *map(str, words)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return running


@pytest.fixture
def keep(stack):
    """Store a report as compute_reports does."""

    return partial(documents.keep, stack)


def acts(stack):
    items = stack.client("dynamodb").scan(TableName=stack.output("LedgerTableName"))["Items"]
    return [(item["what"]["S"], [one["S"] for one in item["whose"]["L"]], item["why"]["S"]) for item in items]


class TestTables:
    def test_a_trend_says_which_changes_are_real(self):
        assert as_text(documents.TREND, NOW).splitlines() == [
            "trend (nps), 30d, 2026-10-24 to 2026-11-22",
            "",
            "week                            score  95 % interval    n           change  sent    rate",
            "2026-10-24  too few answers (7 of 10)              -    7                -    31  22.6 %",
            "2026-10-26                       31.7   20.1 to 43.2  120                -   400  30.0 %",
            "2026-11-02                       31.7   20.1 to 43.2  120   no real change   410  29.0 %",
            "2026-11-09                      -7.1~  -48.0 to 33.7   14          -38.8 *    50       -",
            "2026-11-16                      -7.1~  -48.0 to 33.7   14  too few to tell    50  28.0 %",
            "",
            "all  score  95 % interval    n   change",
            "all   31.7   20.1 to 43.2  120  +12.0 *",
            "",
            "~ fewer than 30 answers",
            "* real, of 3 comparisons: on average one star in twenty is chance",
            "3 answers imported.",
            "Without the days whose files cannot be read: 2026-11-03, 2026-11-04, 2026-11-05 and 1 more.",
            "Computed 2026-11-23 00:10 UTC.",
        ]

    @pytest.mark.parametrize(
        ("document", "lines"),
        [
            (documents.SEGMENTS, ["segments (nps), 30d, 2026-10-24 to 2026-11-22, country DE", "no real difference"]),
            (documents.JOURNEY, ["  renewed  80.0 %", "overcharged  31  40.1", "Paying  Billing", "One mail   Anna"]),
            (
                documents.DRIVERS,
                ["15.9   1.2", "too_expensive  4  100.0 %", "not say that they are the cause"],
            ),
            (documents.BILLING, ["4 (31 of 40 paid)  payment_method 9, service 2"]),
            (documents.PRODUCTS, ["Seat      31.7   20.1 to 43.2  120"]),
            (documents.REVENUE, ["12,345.67 EUR", "largest account has 41.2 %", "90,000 JPY", "2,100.00 EUR"]),
            (
                documents.OUTCOMES,
                [
                    "95.0 %  85.0 to 98.5 %",
                    "41        3    91.0 %",
                    "chi2 9.21, p 0.01: real *",
                    "Nothing happened",
                    "p 0.5: too few",
                ],
            ),
            (documents.COVERAGE, ["30.0 %     +11.0 *", "cooldown     41", "as if all had answered alike  29.9"]),
            (documents.CHANGES, ["promoter  detractor  2  49.00 EUR", "Referral candidates: 2", "  customer-2"]),
            (documents.EMPTY, ["Nothing to show.", "The archive begins on 2026-11-20, after these days."]),
        ],
        ids=lambda part: part["report"] if isinstance(part, dict) else "",
    )
    def test_each_report_has_its_own(self, document, lines):
        told = as_text(document, NOW)

        assert [line for line in lines if line not in told] == []
        assert "\x1b" not in told

    def test_a_report_that_failed_since_says_how_old_it_is(self):
        told = as_text(documents.TREND, NOW + timedelta(days=2))

        assert "Computed 2026-11-23 00:10 UTC. No later run could compute it" in told

    def test_days_without_answers_are_told(self):
        total = {"n": 0, "score": None, "because": "Nobody answered in these days."}

        told = as_text(documents.document("segments", rows=[], total=total), NOW)

        assert "Nobody answered in these days." in told.splitlines()

    def test_days_that_were_named_are_not_named_twice(self):
        named = documents.PRODUCTS | {"window": "2026-10-24..2026-11-22"}

        assert as_text(named, NOW).startswith("products (nps), 2026-10-24 to ")

    def test_a_sparse_report_is_shown_as_far_as_it_goes(self):
        sparse = documents.document("revenue", rows=[], weighted={"score": None})

        assert "Score weighted by recurring revenue: -" in as_text(sparse, NOW)
        assert "cannot be compared" in as_text(
            documents.document("outcomes", rows=[{"category": "passive", "day": 0, "at_risk": 1}]), NOW
        )

    @pytest.mark.parametrize(
        ("value", "shown"),
        [(None, "-"), ("", "-"), (True, "yes"), (False, "no"), (-0.0, "0"), (0.123456, "0.1235"), (["a", 1], "a, 1")],
    )
    def test_a_value_of_any_kind_is_shown(self, value, shown):
        assert plain(value) == shown


class TestForms:
    @pytest.mark.parametrize("document", documents.ALL, ids=lambda one: one["report"])
    def test_a_workbook_has_a_sheet_for_each_table_and_computes_nothing(self, document):
        book = openpyxl.load_workbook(io.BytesIO(as_workbook(document)))

        cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
        assert book.sheetnames[:2] == ["report", "rows"] or not document["rows"]
        assert {cell.data_type for cell in cells} <= {"s", "n", "b"}
        assert not any(cell.hyperlink for cell in cells)

    def test_numbers_of_a_workbook_are_numbers_and_texts_are_as_they_were(self):
        sheet = openpyxl.load_workbook(io.BytesIO(as_workbook(documents.SEGMENTS)))["rows"]
        names, first, second, third = ([cell.value for cell in line] for line in sheet.iter_rows())

        assert dict(zip(names, first, strict=True))["value"] == '=HYPERLINK("http://evil.example")'
        assert dict(zip(names, first, strict=True))["score"] == 31.7
        assert dict(zip(names, first, strict=True))["real"] is True
        assert dict(zip(names, second, strict=True))["value"] == "Solo"
        assert dict(zip(names, third, strict=True))["score"] is None

    def test_sheets_whose_names_are_cut_have_different_names(self):
        long = "an outcome with a long name " * 2
        parts = {f"{number} {long}": {"rows": [{"day": 0}]} for number in range(3)}

        names = openpyxl.load_workbook(
            io.BytesIO(as_workbook(documents.document("outcomes", outcomes=parts)))
        ).sheetnames

        assert len(set(names)) == 4
        assert max(map(len, names)) <= 31

    def test_csv_has_the_rows_and_no_formula(self):
        header, first, second, third = csv.reader(io.StringIO(as_csv(documents.SEGMENTS)))

        assert header[:3] == ["dimension", "value", "n"]
        assert first[1] == '\'=HYPERLINK("http://evil.example")'
        assert (second[1], third[1]) == ("Solo", "'+stripe")
        assert dict(zip(header, second, strict=True))["difference"] == "-2.0"

    def test_csv_without_rows_is_empty(self):
        assert as_csv(documents.EMPTY) == "\n"


class TestCommand:
    def test_a_program_reads_the_document_as_it_is(self, run, keep):
        keep(documents.TREND)

        code, out, _ = run("trend", "--json")

        assert (code, json.loads(out)) == (0, documents.TREND)

    def test_a_person_reads_tables(self, run, keep):
        keep(documents.SEGMENTS, scope="country=DE")

        code, out, _ = run("segments", "--where", "country=DE")

        assert code == 0
        assert out.startswith("segments (nps), 30d, 2026-10-24 to 2026-11-22, country DE\n")

    def test_a_file_is_written_in_the_form_of_its_ending(self, run, keep, tmp_path):
        keep(documents.TREND)

        assert run("trend", "--to", tmp_path / "trend.xlsx")[0] == 0
        assert run("trend", "--to", tmp_path / "trend.csv")[2].splitlines() == [f"written: {tmp_path / 'trend.csv'}"]
        assert run("trend", "--to", tmp_path / "trend.json")[0] == 0
        assert openpyxl.load_workbook(tmp_path / "trend.xlsx").sheetnames == ["report", "rows"]
        assert (tmp_path / "trend.csv").read_text().startswith("value,days,n,score")
        assert json.loads((tmp_path / "trend.json").read_text()) == documents.TREND

    def test_it_may_lie_in_the_bucket_behind_a_link_of_five_minutes(self, run, keep, stack):
        keep(documents.TREND)

        code, out, err = run("trend", "--to-bucket", "--output", "csv", "--why", "board meeting")

        [export] = stack.client("s3").list_objects_v2(Bucket="archive", Prefix="exports/")["Contents"]
        assert (code, export["Key"] in urllib.parse.unquote(out)) == (0, True)
        assert "5 minutes" in err
        assert acts(stack) == [("report trend", [], "board meeting")]

    def test_who_is_named_is_noted_and_who_is_gone_is_not_named(self, run, keep, stack):
        keep(documents.CHANGES)
        known = FactsTable(stack.client("dynamodb"), TABLE)
        assert known.commit(FactWrites(customers=(Customer("customer-2"),)))

        code, out, _ = run("changes", "--why", "ticket 7", "--json")

        assert code == 0
        assert json.loads(out)["candidates"]["referral"]["customers"] == ["customer-2"]
        assert acts(stack) == [("report changes", ["customer-2"], "ticket 7")]

    def test_what_is_not_stored_is_asked_for_and_shown_when_it_is_there(self, run, keep, monkeypatch):
        asked = []

        def computed(_seconds):
            asked.append(1)
            request = ReportRequest("trend", rolling(45, datetime.now(UTC).date()))
            keep(documents.TREND, place=request.place)

        monkeypatch.setattr("afterbill_cli.reports.commands.Reader", lambda *ports: Reader(*ports, sleep=computed))
        monkeypatch.setattr("afterbill_cli.reports.commands.ZoneInfo", lambda _: UTC)

        code, out, err = run("trend", "--window", "45d")

        assert (code, asked) == (0, [1])
        assert out.startswith("trend (nps)")
        assert err.splitlines() == ["computing trend"]

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            (["weather"], '"weather" is unknown'),
            (["trend", "--window", "soon"], "no window 'soon'"),
            (["trend", "--where", "plan"], "such as plan=Team"),
            (["trend", "--where", "shoe=42"], "no dimension 'shoe'"),
            (["trend", "--where", "plan=a", "--where", "plan=b"], "each of another dimension"),
            (["trend", "--output", "xlsx"], "a workbook needs a file"),
            (["trend", "--output", "csv", "--to", "a.json"], "name two forms: csv, json"),
            (["trend", "--to", "trend.pdf"], "no form is called pdf"),
            (["trend", "--window", "2999-01"], "window '2999-01' has yet to come"),
        ],
    )
    def test_a_wrong_word_is_told(self, run, words, expected):
        code, _, err = run(*words)

        assert code == 2
        assert expected in " ".join(err.split())

    def test_csv_without_rows_says_why(self, run, keep):
        keep(documents.EMPTY)

        _, _, err = run("products", "--output", "csv")

        assert err == "no rows: The archive begins on 2026-11-20, after these days.\n"

    def test_responses_may_lie_in_the_bucket_too(self, stack, monkeypatch, capsys):
        monkeypatch.setattr(deployed, "connect", lambda _: stack)

        assert cli.main(["responses", "--to-bucket"]) == 0

        link = capsys.readouterr().out
        [export] = stack.client("s3").list_objects_v2(Bucket="archive", Prefix="exports/")["Contents"]
        content = stack.client("s3").get_object(Bucket="archive", Key=export["Key"])["Body"].read()
        assert export["Key"] in urllib.parse.unquote(link)
        assert content.startswith(b"id,answered_at,day")


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self):
        return True


class TestWaiting:
    request = ReportRequest("trend", rolling(45, NOW.date()))

    def reader(self, requests=None, files=None):
        passed = []
        return Reader(files or Nowhere(), requests or MemoryReportRequests(), passed.append, lambda: sum(passed))

    def test_it_ends_and_says_how_to_look_again(self):
        with pytest.raises(AfterbillError, match="give the same command again"):
            self.reader().read(self.request)

    def test_at_a_terminal_one_line_counts_and_is_gone_in_the_end(self, monkeypatch):
        terminal = Terminal()
        monkeypatch.setattr("sys.stderr", terminal)

        with pytest.raises(AfterbillError):
            self.reader().read(self.request)

        shown = [part for part in terminal.getvalue().split("\r") if part.strip()]
        assert shown[0].strip() == "computing trend, 0 seconds"
        assert len(shown) == WAIT_SECONDS / 1.5
        assert terminal.getvalue().endswith(" \r")

    def test_more_than_the_limit_of_an_hour_is_told(self):
        full = MemoryReportRequests()
        for days in range(1, MOST_ASKED + 1):
            full.ask(ReportRequest("trend", rolling(days, NOW.date())), datetime.now(UTC))

        with pytest.raises(AfterbillError, match="60 reports were computed on demand"):
            self.reader(full).read(ReportRequest("segments", rolling(45, NOW.date())))


class Nowhere:
    """StoredReports that has none."""

    def load(self, _place):
        return None
