"""`afterbill privacy restrict`, `requests` and `verify`."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.errors import AfterbillError
from afterbill.model.privacy import DEADLINE, PrivacyRequest, RequestKind, RequestState
from afterbill.privacy.deadlines import NOTICE
from afterbill.privacy.receipt import receipt
from afterbill_cli import cli, deployed
from afterbill_cli.output import Output
from afterbill_cli.privacy.deps import PrivacyDeps, now_utc
from afterbill_cli.privacy.receipt import issue
from afterbill_cli.privacy.requests import list_requests
from afterbill_cli.privacy.restrict import RestrictOptions, restrict_whom
from afterbill_cli.privacy.verify import verify_file
from tests.unit.cli.privacy_people import ADA, ADDRESS, ANONYMOUS, BOB, GUEST, WHY

NOW = now_utc()
REQUEST = PrivacyRequest("5f" * 16, RequestKind.ERASE, NOW, "source:shop", NOW + DEADLINE, customer_ids=frozenset("a"))


@pytest.fixture
def restricted(town, capsys):
    def told(who, output=Output.TABLE, **chosen):
        asked = RestrictOptions(who, WHY, **({"yes": True} | chosen))
        assert restrict_whom(town.stack, asked, output, lambda: NOW) == 0
        return capsys.readouterr()

    return told


@pytest.fixture
def afterbill(town, monkeypatch):
    monkeypatch.setattr(deployed, "connect", lambda _choice: town.stack)
    return cli.main


def restricted_at(town, id_):
    return town.people.person(id_).customer.restricted_at


def test_all_who_hold_an_address_are_restricted_and_nobody_else(restricted, town):
    told = restricted(ADDRESS)

    assert "2 of 2 customers restricted now" in told.out
    assert f"customer {ADA}: a***@example.com" in told.err
    assert (restricted_at(town, ADA), restricted_at(town, GUEST), restricted_at(town, BOB)) == (NOW, NOW, None)


def test_one_is_one(restricted):
    assert "1 of 1 customer restricted now" in restricted(ADA).out


def test_they_are_released_again(restricted, town):
    restricted(ADDRESS)

    assert "2 of 2 customers released now" in restricted(ADDRESS, lift=True).out
    assert restricted_at(town, ADA) is None
    assert sorted(act[0] for act in town.acts()) == ["privacy restrict", "privacy restrict --lift"]


def test_who_was_restricted_before_stays_so_since_then(restricted):
    restricted(ADA)

    assert json.loads(restricted(ADDRESS, Output.JSON).out)["changed"] == 1


def test_nobody_is_no_error(restricted):
    assert "Nobody is known by this now." in restricted("cus_404").err
    assert json.loads(restricted("cus_404", Output.JSON).out) == {
        "request": None,
        "kind": "restrict",
        "found": 0,
        "changed": 0,
    }


def test_a_survey_of_nobody_cannot_be_restricted(restricted):
    with pytest.raises(AfterbillError, match="nobody is known behind this survey"):
        restricted(ANONYMOUS)


def test_the_command_line_restricts_with_a_reason(afterbill, town):
    assert afterbill(["privacy", "restrict", ADA, "--yes"]) == 2
    assert afterbill(["privacy", "restrict", ADA, "--yes", "--why", WHY]) == 0
    assert restricted_at(town, ADA) is not None


# Requests


def test_nobody_asked_for_anything(town, capsys):
    assert list_requests(town.stack, NOW) == 0
    assert capsys.readouterr().out == "Nobody asked for anything.\n"


def test_requests_are_listed_with_their_deadlines(afterbill, town, capsys):
    town.requests.keep_request(REQUEST)
    emptied = replace(REQUEST, id="0a", kind=RequestKind.ERASE_SOURCE, source="shop", customer_ids=frozenset())
    town.requests.keep_request(emptied)

    assert afterbill(["privacy", "requests"]) == 0

    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    due = f"{REQUEST.due_at:%Y-%m-%d}"
    assert [row[:3] + row[4:6] for row in rows] == [
        ["0a", "erase_source", "open", due, "shop"],
        [REQUEST.id, "erase", "open", due, "1"],
    ]


def test_one_that_is_overdue_is_a_problem(town, capsys):
    town.requests.keep_request(REQUEST)

    assert list_requests(town.stack, REQUEST.due_at + timedelta(days=1)) == 1
    assert ", overdue" in capsys.readouterr().out


def test_one_whose_deadline_is_near_is_told_and_no_problem_yet(town, capsys):
    town.requests.keep_request(REQUEST)

    assert list_requests(town.stack, REQUEST.due_at - NOTICE) == 0
    assert ", due soon" in capsys.readouterr().out


def test_one_that_is_done_is_none(town, capsys):
    done = replace(REQUEST, state=RequestState.DONE, done_at=NOW, removed={"customers": 1})
    town.requests.keep_request(done)

    assert list_requests(town.stack, REQUEST.due_at + timedelta(days=1), Output.JSON) == 0
    (said,) = json.loads(capsys.readouterr().out)
    assert not said["due_soon"]
    assert (said["overdue"], said["done_at"], said["removed"]) == (False, NOW.isoformat(), {"customers": 1})


# Receipts


@pytest.fixture
def signed(town):
    key = PrivacyDeps(town.stack, "", "").keys.receipt_key()
    done = replace(REQUEST, state=RequestState.DONE, done_at=NOW)
    return receipt(done, town.stack.name, NOW, [], key)


def test_the_receipt_of_a_request_is_issued_at_any_later_time(afterbill, town, tmp_path, capsys):
    file = tmp_path / "receipt.json"
    done = replace(REQUEST, state=RequestState.DONE, done_at=NOW, removed={"customers": 1})
    town.requests.keep_request(done)

    assert afterbill(["privacy", "receipt", REQUEST.id]) == 0
    assert json.loads(capsys.readouterr().out)["done_at"] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"
    assert afterbill(["privacy", "receipt", REQUEST.id, "--out", str(file)]) == 0
    assert f"the receipt of request {REQUEST.id}, which is done" in capsys.readouterr().err
    assert verify_file(town.stack, file) == 0
    assert f"erase, done {NOW:%Y-%m-%d}" in capsys.readouterr().out


def test_a_receipt_is_written_over_nothing_without_being_told_to(afterbill, town, tmp_path, capsys):
    file = tmp_path / "receipt.json"
    file.write_text("of another")
    town.requests.keep_request(replace(REQUEST, state=RequestState.DONE, done_at=NOW))

    assert afterbill(["privacy", "receipt", REQUEST.id, "--out", str(file)]) == 2
    assert "replace it with --force" in capsys.readouterr().err
    assert file.read_text() == "of another"
    assert afterbill(["privacy", "receipt", REQUEST.id, "--out", str(file), "--force"]) == 0
    assert REQUEST.id in file.read_text()


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (None, "there is no erasure"),
        (replace(REQUEST, kind=RequestKind.EXPORT), "there is no erasure"),
        (REQUEST, "was not carried out yet"),
    ],
)
def test_what_removed_nothing_has_no_receipt(town, request_, told):
    if request_:
        town.requests.keep_request(request_)

    with pytest.raises(AfterbillError, match=told):
        issue(town.stack, REQUEST.id, NOW)


@pytest.fixture
def verified(town, signed, tmp_path, capsys):
    """Verify the receipt after a change; return the exit code and what was said."""

    def after(change):
        file = tmp_path / "receipt.json"
        file.write_text(change(signed))
        return verify_file(town.stack, file), capsys.readouterr().out

    return after


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: text[:-9], "This is no receipt"),
        (lambda text: text.replace('"people":1', '"people":2'), "This receipt was changed"),
        (lambda text: text.replace('"version":1', '"version":2'), "another version"),
        (lambda text: text.replace('"stack":"test"', '"stack":"other"'), "another stack"),
    ],
)
def test_what_is_not_genuine_says_why(verified, change, told):
    code, said = verified(change)

    assert code == 1
    assert told in said


def test_programs_get_the_verdict_and_what_a_genuine_receipt_says(afterbill, signed, tmp_path, capsys):
    file = tmp_path / "receipt.json"
    file.write_text(signed)

    assert afterbill(["privacy", "verify", str(file), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["genuine"], said["receipt"]["request"]) == (True, REQUEST.id)
    file.write_text("{}")
    assert afterbill(["privacy", "verify", str(file), "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"genuine": False, "verdict": "no_receipt", "receipt": None}


def test_what_cannot_be_looked_at_is_told_from_what_is_not_genuine(afterbill, tmp_path, capsys):
    assert afterbill(["privacy", "verify", str(tmp_path / "nowhere.json")]) == 2
    assert "No such file" in capsys.readouterr().err
