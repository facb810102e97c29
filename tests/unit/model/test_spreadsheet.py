"""A spreadsheet makes numbers of our values, and texts that compute nothing."""

import csv
import io

import pytest

from afterbill.model.spreadsheet import cell, csv_text

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1", "\x1b[31m=1", "\u202e=1"]


@pytest.mark.parametrize("plan", HOSTILE, ids=repr)
def test_no_text_is_a_formula(plan: str) -> None:
    [_, [read]] = csv.reader(io.StringIO(csv_text(["plan"], [{"plan": plan}])))

    assert read.startswith("'")


@pytest.mark.parametrize("value", [-12.5, 0, 7, None, 'Team, "5 seats"'], ids=repr)
def test_what_is_none_stays_as_it_is(value: object) -> None:
    assert cell(value) == value


def test_truth_is_written_as_json_has_it() -> None:
    assert (cell(True), cell(False)) == ("true", "false")  # noqa: FBT003  # the values themselves


def test_a_row_without_a_column_has_an_empty_cell() -> None:
    assert csv_text(["a", "b"], [{"b": 1}]) == "a,b\n,1\n"
