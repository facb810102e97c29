"""`afterbill key`."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from afterbill.adapters.dynamodb.api_keys import ApiKeysTable
from afterbill.answers.api_keys import ApiKey, Scope, admits, parts_of
from afterbill.model.errors import AfterbillError
from afterbill_cli import cli, deployed, keys
from afterbill_cli.issued_keys import IssuedApiKeysTable
from afterbill_cli.output import Output
from tests.contract.scores_table import TABLE

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def created(stack, capsys, name="support", scopes=None, now=NOW):
    assert keys.create(stack, name, scopes, now) == 0
    return capsys.readouterr().out.strip()


def test_a_new_key_is_printed_once_and_only_its_hash_is_stored(stack, capsys):
    printed = created(stack, capsys)

    id_, secret = parts_of(printed)
    stored = ApiKeysTable(stack.client("dynamodb"), TABLE, lambda: 0.0).api_key(id_)
    assert admits(stored, secret)
    assert (stored.name, stored.scopes, stored.created_at) == ("support", ("responses:write",), NOW)
    assert secret not in str(stack.client("dynamodb").scan(TableName=TABLE)["Items"])


def test_no_two_keys_are_alike(stack, capsys):
    assert created(stack, capsys) != created(stack, capsys)


@pytest.mark.parametrize("name", ["", " support", "a\nb", "x" * 41], ids=["nothing", "blank", "two lines", "41"])
def test_a_name_that_cannot_be_a_source_is_refused(capsys, name):
    assert cli.main(["key", "create", name]) == 2
    assert "'NAME': takes 1 to 40 printable characters" in capsys.readouterr().err


def test_an_id_that_is_taken_is_not_written_over(stack, monkeypatch):
    monkeypatch.setattr("afterbill_cli.keys.secrets.token_hex", lambda _size: "0" * 16)
    keys.create(stack, "first", None, NOW)

    with pytest.raises(AfterbillError, match="is taken"):
        keys.create(stack, "second", None, NOW)
    assert [key.name for key in ring(stack).issued()] == ["first"]


def test_keys_are_listed_without_their_secrets(stack, capsys):
    printed = created(stack, capsys)
    id_, secret = parts_of(printed)
    keys.revoke(stack, id_, NOW + timedelta(hours=1))
    capsys.readouterr()

    assert keys.show(stack) == 0
    listed = capsys.readouterr().out
    assert listed == (f"{id_}  support  responses:write  created 2026-11-22 12:00 UTC, revoked 2026-11-22 13:00 UTC\n")
    assert secret not in listed


def test_without_keys_the_list_says_how_to_make_one(stack, capsys):
    assert keys.show(stack) == 0
    assert capsys.readouterr().out == "No keys. `afterbill key create NAME` makes one.\n"


def test_what_is_revoked_or_unknown_cannot_be_revoked(stack, capsys):
    id_, _ = parts_of(created(stack, capsys))
    assert keys.revoke(stack, id_, NOW) == 0
    assert capsys.readouterr().out == f"{id_} is revoked: within a minute it opens nothing.\n"

    for key_id in (id_, "none"):
        with pytest.raises(AfterbillError, match=f"there is no key {key_id} that still stands"):
            keys.revoke(stack, key_id, NOW)


def test_the_command_line_does_all_three(stack, monkeypatch, capsys):
    monkeypatch.setattr(deployed, "connect", lambda _chosen: stack)

    assert cli.main(["key", "create", "support", "--scope", "responses:write"]) == 0
    id_, _ = parts_of(capsys.readouterr().out.strip())
    assert cli.main(["key", "revoke", id_]) == 0
    assert cli.main(["key", "list"]) == 0
    assert "revoked" in capsys.readouterr().out.splitlines()[-1]


def test_a_scope_that_is_not_there_is_named(capsys):
    assert cli.main(["key", "create", "support", "--scope", "everything"]) == 2
    assert "responses:write" in capsys.readouterr().err


def ring(stack):
    return IssuedApiKeysTable(stack.client("dynamodb"), TABLE)


def test_the_oldest_key_is_listed_first(stack):
    for number, at in (("1", NOW + timedelta(days=1)), ("2", NOW)):
        ring(stack).add(ApiKey(number * 16, f"key {number}", (), "hash", at))

    assert [key.name for key in ring(stack).issued()] == ["key 2", "key 1"]


def test_programs_read_the_keys_as_json_and_csv(stack, capsys):
    ring(stack).add(ApiKey("1" * 16, "=support", (Scope.RESPONSES_WRITE,), "hash", NOW))
    ring(stack).revoke("1" * 16, NOW + timedelta(days=1))

    keys.show(stack, Output.JSON)
    assert json.loads(capsys.readouterr().out) == [
        {
            "id": "1" * 16,
            "name": "=support",
            "scopes": ["responses:write"],
            "created_at": "2026-11-22T12:00:00+00:00",
            "revoked_at": "2026-11-23T12:00:00+00:00",
        }
    ]
    keys.show(stack, Output.CSV)
    assert capsys.readouterr().out.splitlines() == [
        "id,name,scopes,created_at,revoked_at",
        f"{'1' * 16},'=support,responses:write,2026-11-22T12:00:00+00:00,2026-11-23T12:00:00+00:00",
    ]
