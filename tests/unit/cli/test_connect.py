"""`afterbill connect`: what the operator reads, what is asked, stored, tried and removed."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from afterbill.model.errors import ConfigurationError
from afterbill_actions.adapters.connections import ConnectionsTable
from afterbill_actions.adapters.secrets import FRESH_SECONDS
from afterbill_actions.connectors import registry
from afterbill_actions.exchange import NOT_SENT, Reply
from afterbill_cli import local_stack
from afterbill_cli.connecting.commands import command
from afterbill_cli.connecting.connect import Connecting, connect
from tests.unit.actions.answers import Wire
from tests.unit.actions.freshdesk.helpdesk import Helpdesk
from tests.unit.actions.shopify.shop import ORDER, shop
from tests.unit.cli.people import person, stored

ACTIONS = """\
[connections.shop]
connector = "shopify"
source = "paddle"
shop = "acme"
test_order = "4501"
[connections.desk]
connector = "freshdesk"
domain = "acme"
[connections.tested]
connector = "freshdesk"
domain = "acme"
test_email = "ada@example.com"
[connections.hook]
connector = "webhooks"
url = "https://hooks.example"
[connections.team]
connector = "mail"
to = "team@example.com"
"""
OLD, NEW = "whsec_" + "A" * 32, "whsec_" + "B" * 32


@pytest.fixture
def deployed(stack, monkeypatch):
    monkeypatch.setattr(local_stack, "described", lambda: None)
    (stack.config / "actions.toml").write_text(ACTIONS, encoding="utf-8")
    known = json.dumps({"desk": {"key": "old"}, "hook": {"secret": OLD}})
    arn = stack.client("secretsmanager").create_secret(Name="Connections", SecretString=known)["ARN"]
    queue = stack.client("sqs").create_queue(QueueName="actions")["QueueUrl"]
    return replace(stack, outputs={**stack.outputs, "ConnectionsSecretArn": arn, "ActionsQueueUrl": queue})


def run(deployed, name, someone, system, **options):
    return connect(Connecting(deployed, someone.terminal, send=Wire(system), **options), name)


def test_a_shop_is_connected_by_its_client(deployed):
    someone, system = person("app", "right"), shop()

    assert run(deployed, "shop", someone, system) == 0

    assert stored(deployed, "Connections")["shop"] == {"client_id": "app", "client_secret": "right"}
    assert "Shopify, https://acme.myshopify.com" in someone.saw
    assert "scopes read_orders, write_orders, read_customers, write_customers" in someone.saw
    assert "tags: written, and removed again." in someone.saw
    assert "note: written, and removed again." in someone.saw
    assert someone.shown[-1] == "shop is connected."
    assert (system.records[ORDER]["tags"], system.records[ORDER]["note"]) == (["theirs"], "")


def test_or_by_the_token_of_an_older_app(deployed):
    someone = person("", "shpat_1")

    assert run(deployed, "shop", someone, shop()) == 0
    assert stored(deployed, "Connections")["shop"] == {"token": "shpat_1"}
    assert someone.asked == ["client_id (empty: ask for another way): ", "token (empty: leave as it is): "]


def test_secrets_of_other_connections_stay(deployed):
    run(deployed, "shop", person("", "shpat_1"), shop())

    assert stored(deployed, "Connections")["hook"] == {"secret": OLD}


def test_what_is_wrong_is_said_with_what_to_do(deployed):
    someone = person("", "shpat_1")

    assert run(deployed, "shop", someone, shop(scopes=("read_orders", "write_orders"))) == 1
    assert "It does not work yet: the app lacks the scopes write_customers" in someone.saw
    assert "run `afterbill connect shop` again" in someone.saw


def test_a_secret_that_is_refused_is_said(deployed):
    someone = person("app", "wrong")

    assert run(deployed, "shop", someone, shop()) == 1
    assert "the client buys no token (status 400, invalid_client)" in someone.saw


def test_a_system_that_is_not_reached_is_said(deployed):
    someone = person("k")

    assert run(deployed, "desk", someone, lambda _request: Reply(NOT_SENT, b"acme.freshdesk.com has no address")) == 1
    assert "It does not work yet: acme.freshdesk.com has no address" in someone.saw
    assert "Look at the address in actions.toml" in someone.saw


def test_without_a_test_record_only_the_secret_is_proved(deployed):
    someone, system = person("k"), Helpdesk()

    assert run(deployed, "desk", someone, system) == 0
    assert "set `test_email` in [connections.desk] of actions.toml" in someone.saw
    assert system.tickets == {}


def test_a_ticket_that_a_person_has_to_remove_is_named(deployed):
    someone, system = person("k"), Helpdesk()

    assert run(deployed, "tested", someone, system) == 0
    assert "ticket: written. To be removed by hand: a ticket in Freshdesk tells of the answer" in someone.saw
    assert "(ticket 1)." in someone.saw
    assert "priority: written, and removed again." in someone.saw


def test_a_test_that_fails_is_said(deployed):
    someone, system = person("", "shpat_1"), shop()
    del system.records[ORDER]

    assert run(deployed, "shop", someone, system) == 1
    assert "tags: not written: Shopify shows no such order" in someone.saw
    assert "docs/connections/shopify.md says what it needs" in someone.saw


def test_a_removal_that_fails_is_said(deployed):
    someone, system = person("", "shpat_1"), shop()
    wire = Wire(system, faults={5: Reply(403)})  # the probe, three requests that tag, and the removal

    assert connect(Connecting(deployed, someone.terminal, send=wire), "shop") == 1
    assert "tags: written, and not removed: the credentials lack a permission" in someone.saw


def test_a_script_gives_the_secret_on_stdin(deployed, monkeypatch):
    monkeypatch.setattr("afterbill_cli.deployed.connect", lambda _choice: deployed)

    result = CliRunner().invoke(command, ["shop", "--secret-stdin"], input="\n\n", standalone_mode=False)

    assert result.return_value == 1
    assert "No secret is stored" in result.output


def test_an_empty_answer_leaves_what_is_stored(deployed):
    someone = person("")

    run(deployed, "desk", someone, lambda _request: Reply(401))

    assert stored(deployed, "Connections")["desk"] == {"key": "old"}
    assert "Nothing was given: what is stored stays." in someone.saw


def test_without_any_secret_nothing_is_asked_of_the_system(deployed):
    someone, wire = person("", ""), Wire(shop())

    assert connect(Connecting(deployed, someone.terminal, send=wire), "shop") == 1
    assert "No secret is stored" in someone.saw
    assert wire.sent == []


def test_of_a_signing_secret_the_one_before_signs_too(deployed):
    run(deployed, "hook", person(NEW), lambda _request: Reply(204))
    assert stored(deployed, "Connections")["hook"] == {"secret": NEW, "previous": OLD}

    run(deployed, "hook", person(NEW), lambda _request: Reply(204), replace=True)
    assert stored(deployed, "Connections")["hook"] == {"secret": NEW}


def test_what_needs_no_secret_asks_for_none(deployed):
    someone = person()

    run(deployed, "team", someone, lambda _request: Reply(200, b"{}"))

    assert someone.asked == []


def test_a_connection_that_was_denied_is_used_again_once_all_know_the_secret(deployed):
    table = ConnectionsTable(deployed.client("dynamodb"), deployed.output("TableName"))
    shut(table)
    someone = person("", "shpat_1")

    assert run(deployed, "shop", someone, shop()) == 0

    assert table.state("shop").denied == ""
    assert FRESH_SECONDS - 5 < someone.slept <= FRESH_SECONDS + 1
    waked = deployed.client("sqs").receive_message(QueueUrl=deployed.outputs["ActionsQueueUrl"])["Messages"]
    assert "shop" in waked[0]["Body"]


def test_it_is_used_again_where_no_queue_wakes_it_too(deployed):
    outputs = {name: value for name, value in deployed.outputs.items() if name != "ActionsQueueUrl"}
    table = ConnectionsTable(deployed.client("dynamodb"), deployed.output("TableName"))
    shut(table)

    assert run(replace(deployed, outputs=outputs), "shop", person("", "shpat_1"), shop()) == 0
    assert table.state("shop").denied == ""


def shut(table):
    now = datetime.now(UTC)
    state = table.take("shop", "drain", now, now + timedelta(minutes=1))
    table.release("drain", replace(state, denied="the credentials are refused", denied_at=now))
    assert table.state("shop").denied


def test_one_that_still_does_not_work_stays_shut(deployed):
    table = ConnectionsTable(deployed.client("dynamodb"), deployed.output("TableName"))
    shut(table)

    run(deployed, "shop", person("app", "wrong"), shop())

    assert table.state("shop").denied


def test_a_name_that_no_connection_has_is_told_with_the_nearest(deployed):
    with pytest.raises(ConfigurationError, match="shop"):
        run(deployed, "shopp", person(), shop())


def test_nobody_at_a_keyboard_is_told_how_scripts_do_it():
    result = CliRunner().invoke(command, ["shop"], input="")

    assert "`afterbill connect --secret-stdin` reads secrets from stdin" in str(result.exception)


@pytest.mark.parametrize("name", registry.NAMES)
def test_every_action_can_be_tried_with_its_defaults(name):
    assert all(action.settings() for action in registry.load(name).actions.values())
