"""`afterbill responses`: what customers answered, read from a table in DynamoDB."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from afterbill.adapters.dynamodb import answered
from afterbill.adapters.dynamodb.answered import AnsweredTable
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.dynamodb.restrictions import RestrictionsTable
from afterbill.answers import read_responses
from afterbill.answers.hosted import HostedLink, opened, opened_by_anybody
from afterbill.answers.read_responses import Days, ReadDeps, Selection, pages, ratings
from afterbill.answers.response_rows import COLUMNS
from afterbill.intake.ports import FactWrites
from afterbill.model.customer import Customer
from afterbill.model.invitation import Answer, State
from afterbill_cli import cli, deployed
from afterbill_cli.output import Output
from afterbill_cli.responses.commands import show
from tests.contract.people import invitation
from tests.contract.scores_table import TABLE

NOW = datetime(2026, 11, 22, 13, tzinfo=UTC)
DAY = timedelta(days=1)


def given(number, answer, at=NOW, **changes):
    """One answered survey of Berlin's day of `at`."""
    segments = {"touchpoint": "payment_succeeded", "plan": "pro", "country": "DE", **changes.pop("segments", {})}
    day = (at + timedelta(hours=1)).date().isoformat()
    sent = invitation(f"{number:032x}", state=State.SENT, sent_at=NOW - 40 * DAY, segments=segments, **changes)
    return replace(sent, answer=answer, answered_at=at, answered_day=day)


@pytest.fixture
def keep(stack):
    table = FactsTable(stack.client("dynamodb"), TABLE)

    def keeping(*responses):
        for response in responses:
            assert table.commit(FactWrites(response))

    return keeping


@pytest.fixture
def read(stack, capsys):
    def reading(window="30d", output=Output.JSON, now=NOW, **wanted):
        capsys.readouterr()
        equal = {name: wanted.pop(name) for name in ("question", "touchpoint") if name in wanted}
        assert show(stack, window, Selection(equal, **wanted), output, now) == 0
        told = capsys.readouterr().out
        return json.loads(told) if output is Output.JSON else told

    return reading


def test_words_whose_time_is_over_are_not_shown_and_not_searched(keep, read):
    keep(given(1, Answer(3, "Too dear"), NOW - 370 * DAY, due_at=NOW - 400 * DAY), given(2, Answer(4, "Too dear")))

    [old] = read("2025-11")
    assert (old["rating"], old["comment"]) == (3, None)
    assert (read("2025-11", contains="dear"), numbers(read(contains="dear"))) == ([], [2])


def numbers(rows):
    return [int(row["id"], 16) for row in rows]


def test_a_program_reads_all_that_was_answered_under_stable_names(keep, read):
    keep(given(1, Answer(3, "Zu teuer.\nUnd langsam.", "price", contact_ok=True)))

    [row] = read()

    assert tuple(row) == COLUMNS
    assert row == {
        "id": f"{1:032x}",
        "answered_at": "2026-11-22T13:00:00+00:00",
        "day": "2026-11-22",
        "touchpoint": "payment_succeeded",
        "stage": "purchase",
        "question": "nps",
        "rating": 3,
        "reason": "price",
        "comment": "Zu teuer.\nUnd langsam.",
        "contact_ok": True,
        "confirmed": True,
        "anonymous": False,
        "customer": "customer-1",
        "source": "stripe",
        "channel": "mail",
        "locale": "de",
        "plan": "pro",
        "country": "DE",
        "removed": False,
    }


def of_a_removed(number, answer, **segments):
    """The row that stays of a survey whose customer was removed."""
    one = given(number, answer, NOW.replace(hour=12), segments={"removed": "yes", **segments})
    return replace(one, state=State.CLOSED, reason="erased", customer_id="", address_hashes=(), objects={})


def test_of_somebody_who_was_removed_the_rating_the_day_and_the_touchpoint_are_left(keep, read):
    keep(of_a_removed(1, Answer(3, reason="price", confirmed=False)))

    [row] = read()

    assert {name: value for name, value in row.items() if value is not None} == {
        "day": "2026-11-22",
        "touchpoint": "payment_succeeded",
        "stage": "purchase",
        "question": "nps",
        "rating": 3,
        "reason": "price",
        "contact_ok": False,
        "confirmed": False,
        "anonymous": False,
        "removed": True,
    }
    assert read(output=Output.TABLE).splitlines()[2:4] == [
        "2026-11-22        3 of 10, payment_succeeded, price, unconfirmed",
        "    of somebody who was removed",
    ]


def test_what_is_not_known_is_null(keep, read):
    link = HostedLink("shop", "relationship", "relationship")
    survey = opened_by_anybody(link, f"{7:032x}", "en", NOW)
    keep(replace(survey, answer=Answer(9, confirmed=False), answered_at=NOW, answered_day="2026-11-22"))

    [row] = read()

    assert {name for name in row if row[name] is None} == {"reason", "comment", "customer", "plan", "country"}
    assert (row["anonymous"], row["confirmed"], row["source"]) == (True, False, "links.shop")


def test_the_newest_comes_first_and_no_more_are_held_than_fit_one_read(keep, read, monkeypatch):
    monkeypatch.setattr(read_responses, "MOST_TOGETHER", 2)
    monkeypatch.setattr(answered, "_PAGE", 3)
    keep(*(given(number, Answer(9), NOW - number * timedelta(hours=7)) for number in range(9)))

    assert numbers(read()) == list(range(9))


def test_rows_are_printed_while_the_rest_is_not_read_yet(stack, keep, monkeypatch):
    monkeypatch.setattr(read_responses, "MOST_TOGETHER", 1)
    keep(*(given(number, Answer(9), NOW - number * DAY) for number in range(3)))
    asked = []
    table = AnsweredTable(stack.client("dynamodb"), TABLE)
    monkeypatch.setattr(
        table, "read", lambda wanted, **how: asked.append(wanted) or type(table).read(table, wanted, **how)
    )

    first = next(pages(Days(date(2026, 11, 16), date(2026, 11, 22)), Selection(), ReadDeps(table, lambda one: one)))

    assert ([int(one.id, 16) for one in first.responses], len(asked)) == ([0], 2)  # the response and its customer


@pytest.mark.parametrize(
    ("window", "expected"), [("7d", [0, 1]), ("30d", [0, 1, 2]), ("2026-10", [2, 3]), ("365d", [0, 1, 2, 3, 4])]
)
def test_a_window_is_of_the_operators_days(keep, read, window, expected):
    days = (0, 6, 29, 30, 300)
    keep(*(given(number, Answer(9), NOW.replace(hour=22, minute=59) - day * DAY) for number, day in enumerate(days)))

    assert numbers(read(window)) == expected


def test_responses_are_chosen_by_touchpoint_question_rating_and_words(keep, read):
    keep(
        given(1, Answer(9, "GROSSE KLASSE"), NOW),
        given(2, Answer(6), NOW - DAY, touchpoint="renewed", segments={"touchpoint": "renewed"}),
        given(3, Answer(5, "große Klasse"), NOW - 2 * DAY, segments={"question": "csat"}),
        given(4, Answer(0, "no"), NOW - 3 * DAY),
    )

    assert numbers(read(touchpoint="renewed")) == [2]
    assert numbers(read(question="csat")) == [3]
    assert numbers(read(question="nps")) == [1, 2, 4]
    assert numbers(read(ratings=frozenset({0, 9}))) == [1, 4]
    assert numbers(read(contains="Große klasse")) == [1, 3]
    assert numbers(read(commented=True)) == [1, 3, 4]
    assert read(contains="nobody said this") == []


def test_an_erased_answer_is_not_shown(stack, keep, read):
    keep(given(1, Answer(9, "x")), given(2, Answer(8)))
    stack.client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"INVITATION#{1:032x}"}, "sk": {"S": "INVITATION"}},
        UpdateExpression="REMOVE rating, #comment",
        ExpressionAttributeNames={"#comment": "comment"},
    )

    assert numbers(read()) == [2]


def restrict(stack, at=NOW):
    clients, who = stack.client("dynamodb"), Customer("customer-1", address="ada@example.com")
    assert FactsTable(clients, TABLE).commit(FactWrites(customers=(who,)))
    assert RestrictionsTable(clients, TABLE).set_restricted(who.id, at)


@pytest.mark.parametrize("output", list(Output))
def test_answers_of_restricted_customers_are_left_out_and_counted(stack, keep, capsys, output):
    keep(given(1, Answer(9, "secret")), given(2, Answer(8, "open"), customer_id="customer-2"))
    keep(given(3, Answer(7, "of nobody"), customer_id=""), given(4, Answer(6, "secret"), at=NOW - DAY))
    restrict(stack)

    assert show(stack, "30d", Selection(), output, NOW) == 0
    printed = capsys.readouterr()
    assert ("open" in printed.out, "of nobody" in printed.out, "secret" in printed.out) == (True, True, False)
    assert printed.err == "Left out, for the use of their customers' data is restricted: 2\n"


def test_only_what_was_asked_for_counts_as_left_out(stack, keep, capsys):
    keep(given(1, Answer(9)))
    restrict(stack)

    assert show(stack, "30d", Selection(commented=True), Output.JSON, NOW) == 0
    assert capsys.readouterr().err == ""


def test_one_that_cannot_be_read_is_passed_over_and_told(stack, keep, capsys):
    keep(given(1, Answer(9)), given(2, Answer(8)))
    stack.client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"INVITATION#{1:032x}"}, "sk": {"S": "INVITATION"}},
        UpdateExpression="SET #state = :new",
        ExpressionAttributeNames={"#state": "state"},
        ExpressionAttributeValues={":new": {"S": "archived"}},
    )

    assert show(stack, "30d", Selection(), Output.JSON, NOW) == 0
    printed = capsys.readouterr()
    assert [int(one["id"], 16) for one in json.loads(printed.out)] == [2]
    assert f"INVITATION#{1:032x} INVITATION: unknown State" in printed.err


def test_one_that_is_gone_between_the_index_and_the_table_is_passed_over(keep, read, monkeypatch):
    keep(given(1, Answer(9)), given(2, Answer(8)))
    whole = AnsweredTable.read
    monkeypatch.setattr(AnsweredTable, "read", lambda table, wanted, **how: whole(table, wanted[1:], **how))

    assert len(read()) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("9", {9}), ("0-6", set(range(7))), ("0,1,2", {0, 1, 2}), ("0, 9-10", {0, 9, 10}), ("5-5", {5})],
)
def test_ratings_are_numbers_and_ranges(text, expected):
    assert ratings(text) == expected


@pytest.mark.parametrize("text", ["", "11", "6-0", "-1", "a", "1,,2", "1-2-3", "\u0661", "0-99"])
def test_other_ratings_are_refused(text):
    with pytest.raises(ValueError, match="write ratings from 0 to 10"):
        ratings(text)


def test_a_spreadsheet_computes_nothing_that_a_customer_wrote(keep, read):
    evil = '=HYPERLINK("http://evil.example";"click")'
    keep(given(1, Answer(9, evil + "\n+1", contact_ok=True)), given(2, Answer(8, "\u202e=1"), NOW - DAY))

    header, first, second = csv.reader(io.StringIO(read(output=Output.CSV)))

    assert header == list(COLUMNS)
    assert dict(zip(header, first, strict=True))["comment"] == f"'{evil}\n+1"
    assert dict(zip(header, first, strict=True))["contact_ok"] == "true"
    assert dict(zip(header, second, strict=True))["comment"] == "'=1"


def test_a_person_reads_comments_wrapped_and_without_what_steers_a_terminal(keep, read, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    comment = "Your invoices are \x1b[31mlate\x1b[0m, and nobody answers \u202ethe telephone.\n\nNever again."
    keep(given(1, Answer(3, comment, "support", contact_ok=True), NOW + timedelta(minutes=2)))

    assert read(output=Output.TABLE) == (
        "Responses of 2026-10-24 to 2026-11-22, times of Europe/Berlin, the newest first\n"
        "\n"
        "2026-11-22 14:02  3 of 10, payment_succeeded, support, may be contacted\n"
        "    | Your invoices are late, and nobody answers the\n"
        "    | telephone.\n"
        "    |\n"
        "    | Never again.\n"
        f"    response {1:032x}, customer customer-1, stripe by mail, de\n"
        "\n"
        "1 response.\n"
    )


def test_a_proven_user_of_a_link_is_not_anonymous_though_we_know_no_such_customer(keep, read):
    survey = opened(HostedLink("shop", "relationship", "relationship"), f"{7:032x}", None, "en", NOW)
    keep(replace(survey, answer=Answer(9), answered_at=NOW, answered_day="2026-11-22"))

    [row] = read()

    assert (row["anonymous"], row["customer"]) == (False, None)


def test_a_person_sees_what_is_doubtful_or_not_known(keep, read):
    survey = opened_by_anybody(HostedLink("shop", "relationship", "relationship"), f"{7:032x}", "", NOW)
    keep(
        replace(survey, answer=Answer(9, confirmed=False), answered_at=NOW, answered_day="2026-11-22"),
        given(2, Answer(5), NOW - DAY, customer_id="", segments={"question": "csat"}),
    )

    told = read(output=Output.TABLE)

    assert "9 of 10, relationship, unconfirmed\n" in told
    assert f"response {7:032x}, anonymous, links.shop by link\n" in told
    assert "5 of 5, payment_succeeded, csat\n" in told
    assert f"response {2:032x}, customer not known, stripe by mail, de\n" in told
    assert told.endswith("\n2 responses.\n")


def test_a_very_long_comment_is_cut_and_says_where_all_of_it_is(keep, read):
    keep(given(1, Answer(3, "word " * 1000)))

    told = read(output=Output.TABLE)

    assert "(4999 characters:" in told
    assert f"`afterbill explain {1:032x}`" in " ".join(told.replace("|", " ").split())
    assert len(told) < 1700


def test_it_is_a_command(stack, keep, monkeypatch, capsys):
    monkeypatch.setattr(deployed, "connect", lambda _choice: stack)
    keep(given(1, Answer(9), datetime.now(UTC)))

    assert cli.main(["responses", "--rating", "9-10", "--window", "7d", "--json"]) == 0
    assert numbers(json.loads(capsys.readouterr().out)) == [1]
    assert cli.main(["responses", "--rating", "0-6", "--touchpoint", "renewed"]) == 0
    assert capsys.readouterr().out.endswith("\n\n0 responses.\n")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--rating", "12"], "write ratings from 0 to 10 as 9, as 0-6 or as 0,1,2"),
        (["--touchpoint", "lunch"], '"lunch" is unknown: signed_up, '),
        (["--window", "14d"], "no window '14d': choose 7d, 30d, 90d, 365d or a month"),
    ],
)
def test_a_wrong_word_is_told(stack, monkeypatch, capsys, words, expected):
    monkeypatch.setattr(deployed, "connect", lambda _choice: stack)

    assert cli.main(["responses", *words]) == 2
    assert expected in " ".join(capsys.readouterr().err.split())
