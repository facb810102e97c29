"""`afterbill workflow`: list, explain and test, over the table and a system on this machine."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill_actions.adapters.addresses import LOOPBACK
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.adapters.http import HttpExchange
from afterbill_actions.adapters.mail import MailExchange
from afterbill_actions.adapters.outbox import OutboxTable
from afterbill_actions.adapters.workflows import WorkflowsTable
from afterbill_actions.effects import TAKEN_BACK, UNSURE, Written, effect_name
from afterbill_actions.exchange import Reply, Request
from afterbill_actions.outbox import Entry, EntryState, Operation, place_of
from afterbill_actions.version import version_of
from afterbill_cli import cli, local_stack
from afterbill_cli import deployed as deployed_stacks
from afterbill_cli.deployed import Deployed
from afterbill_cli.output import Output
from afterbill_cli.workflows import configured
from afterbill_cli.workflows.commands import explain, show, try_out
from tests.contract.people import NOW
from tests.unit.cli.privacy_people import ADA, ADDRESS, ANSWERED, COMMENT, Town, answered

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ACTIONS = """\
[connections.crm]
connector = "webhooks"
url = "https://crm.example/hooks"
[workflows.happy]
when = { ratings = "9-10", comment = true }
[[workflows.happy.do]]
connection = "crm"
action = "post"
[workflows.rich]
when = { recurring_at_least = "50 EUR", events = ["ResponseChanged"] }
[[workflows.rich.do]]
connection = "crm"
action = "post"
comment = true
"""
HAPPY = effect_name("happy", "crm", "post")


@pytest.fixture(autouse=True)
def no_local_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_stack, "described", lambda: None)


@pytest.fixture
def deployed(stack: Deployed) -> Deployed:
    """Return the stack with two workflows, of which one was seen a day before Ada answered."""
    (stack.config / "actions.toml").write_text(ACTIONS, encoding="utf-8")
    WorkflowsTable(stack.client("dynamodb"), stack.output("TableName")).seen(["happy"], NOW - DAY)
    return with_secrets(stack, {"crm": {"secret": SECRET}})


def with_secrets(stack: Deployed, connections: dict[str, dict[str, str]]) -> Deployed:
    arn = stack.client("secretsmanager").create_secret(Name="Connections", SecretString=json.dumps(connections))["ARN"]
    return replace(stack, outputs={**stack.outputs, "ConnectionsSecretArn": arn, "ConfigurationSetName": "surveys"})


@pytest.fixture
def told(deployed: Deployed, town: Town) -> Deployed:
    """Return the stack with an answer of Ada's that was published, written, and is to be written once more."""
    table = deployed.client("dynamodb"), deployed.output("TableName")
    version = version_of(answered().answer)
    effects, outbox = EffectsTable(*table), OutboxTable(*table)
    effects.mark_published(ANSWERED, version, NOW, NOW + 30 * DAY, 9)
    effects.keep_written(ANSWERED, HAPPY, Written("crm", "post", "0123456789ab", NOW, {"webhook_id": "msg_1"}))
    place = place_of(NOW + 30 * SECOND, f"{ANSWERED}:{version}", HAPPY)
    entry = Entry("crm", place, HAPPY, Operation.WRITE, NOW + 30 * SECOND, ANSWERED, version, ADA, attempts=2)
    other = replace(entry, place=place_of(NOW + DAY, "another", HAPPY), invitation_id="ee" * 16)
    outbox.put([replace(entry, state=EntryState.PARKED, reason="status 404", ended_at=NOW + DAY), other])
    assert town
    return deployed


# List


def test_workflows_are_listed_with_their_conditions_and_since_when(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(deployed) == 0
    assert capsys.readouterr().out.splitlines() == [
        "happy: crm.post",
        "  when ratings: 9, 10",
        "  when comment: true",
        "  deployed since 2026-11-21 13:30:15 UTC",
        "rich: crm.post",
        "  when events: ResponseChanged",
        "  when recurring_at_least: 5000 eur in minor units",
        "  not deployed yet, or nothing happened since",
    ]


def test_workflows_are_listed_as_json(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    show(deployed, Output.JSON)
    assert json.loads(capsys.readouterr().out)[0] == {
        "name": "happy",
        "when": {"ratings": [9, 10], "comment": True},
        "do": ["crm.post"],
        "since": "2026-11-21T13:30:15+00:00",
    }


def test_without_workflows_it_says_where_to_write_one(stack: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    show(stack)
    assert capsys.readouterr().out.startswith("No workflow. ")


def test_systems_on_this_machine_are_permitted_on_the_local_stack_alone(
    stack: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LOOPBACK, "")
    local = ACTIONS.replace("https://crm.example", "http://127.0.0.1:9")
    (stack.config / "actions.toml").write_text(local, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"^actions\.toml: connections\.crm\.url: must be "):
        show(stack)

    monkeypatch.setattr(local_stack, "described", lambda: {"stack_name": stack.name})
    assert show(stack) == 0


# Explain


def test_actions_on_a_shop_of_another_source_are_told_to_be_left_out(
    told: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = ACTIONS.replace('connector = "webhooks"', 'connector = "shopify"\nsource = "paddle"').replace("post", "note")
    (told.config / "actions.toml").write_text(shop, encoding="utf-8")
    explain(told, ANSWERED)
    assert "  no: crm.note: its system knows nothing of this source" in capsys.readouterr().out.splitlines()


def test_a_response_is_explained_with_what_fired_and_what_came_of_it(
    told: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explain(told, ANSWERED) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"response {ANSWERED}: nps, 9, promoter, payment_succeeded",
        "",
        "workflow happy: fires: crm.post",
        "  yes: ratings: the rating is 9, wanted: 9, 10",
        "  yes: comment: there is a comment",
        "",
        "workflow rich: does not fire: crm.post",
        "  no: no function has seen this workflow yet: it is not deployed, or nothing happened since",
        "  no: events: not told so far: ResponseChanged",
        "  no: recurring_at_least: no recurring amount is known",
        "",
        "written",
        "  2026-11-22 13:30:15 UTC: happy/crm.post, older: webhook_id msg_1",
        "outbox",
        "  2026-11-23 13:30:15 UTC: write happy/crm.post, parked, attempts 2: status 404",
    ]


def test_the_same_as_json_names_neither_address_nor_words(told: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    explain(told, ANSWERED, Output.JSON)
    text = capsys.readouterr().out
    stated = json.loads(text)
    assert (stated["response"], stated["rating"], stated["category"], stated["versions"]) == (
        ANSWERED,
        9,
        "promoter",
        1,
    )
    assert [one["fires"] for one in stated["workflows"]] == [True, False]
    assert [one["state"] for one in stated["outbox"]] == ["parked"]
    assert COMMENT not in text
    assert ADDRESS not in text


@pytest.mark.parametrize(
    ("version", "state"), [(version_of(answered().answer), "current"), (UNSURE, "unsure"), (TAKEN_BACK, "taken back")]
)
def test_what_was_written_is_told_with_its_state(
    told: Deployed, version: str, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    effects = EffectsTable(told.client("dynamodb"), told.output("TableName"))
    effects.keep_written(ANSWERED, HAPPY, Written("crm", "post", version, NOW))
    explain(told, ANSWERED)
    assert f"  2026-11-22 13:30:15 UTC: happy/crm.post, {state}" in capsys.readouterr().out.splitlines()


def test_looking_at_a_response_is_noted(told: Deployed, town: Town) -> None:
    explain(told, ANSWERED, why="asked by letter")
    assert town.acts() == [("workflow explain", (ADA,), "asked by letter")]


def test_of_a_customer_who_is_restricted_no_answer_is_told(
    told: Deployed, town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    town.stack.client("dynamodb").update_item(
        TableName=town.stack.output("TableName"),
        Key={"pk": {"S": f"CUSTOMER#{ADA}"}, "sk": {"S": "CUSTOMER"}},
        UpdateExpression="SET restricted_at = :at",
        ExpressionAttributeValues={":at": {"S": NOW.isoformat()}},
    )
    explain(told, ANSWERED)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        f"response {ANSWERED}: nps, no answer, payment_succeeded",
        "  the use of its customer's data is restricted",
        "",
    ]


def test_a_response_of_which_nothing_happened_says_so(
    deployed: Deployed, town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    explain(deployed, ANSWERED)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "  it was not published: there is no answer, or its publication is under way"
    assert lines[-2:] == ["nothing is written", "nothing stands in the outbox"]
    assert len(town.acts()) == 1


@pytest.mark.parametrize("wanted", ["00" * 16, "ada@example.com"])
def test_what_is_no_response_is_told(deployed: Deployed, wanted: str) -> None:
    with pytest.raises(AfterbillError, match=f"^nothing is known of a response '{wanted}'"):
        explain(deployed, wanted)


# Test


class Hooks:
    """A receiver of webhooks that keeps what it gets."""

    def __init__(self, status: int = 202) -> None:
        self.status = status
        self.got: list[dict[str, object]] = []

    def __call__(self, request: Request) -> Reply:
        self.got.append(json.loads(request.body))
        return Reply(self.status)


def test_a_trial_writes_a_made_up_answer_and_removes_it(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    hooks = Hooks()
    assert try_out(deployed, "happy", send=hooks) == 0
    assert [one["type"] for one in hooks.got] == ["response.recorded", "response.removed"]
    written, removed = capsys.readouterr().out.splitlines()
    assert written.startswith("crm.post: written: done (webhook_id msg_")
    assert removed == "  removed: done"


def test_a_trial_that_fails_says_why(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    assert try_out(deployed, "rich", Output.JSON, Hooks(404)) == 1
    (tried,) = json.loads(capsys.readouterr().out)
    assert tried == {
        "action": "crm.post",
        "succeeded": False,
        "written": "refused: status 404",
        "record": {},
        "removed": None,
    }


def test_a_trial_that_wrote_nothing_removes_nothing(deployed: Deployed, capsys: pytest.CaptureFixture[str]) -> None:
    assert try_out(deployed, "happy", send=Hooks(404)) == 1
    assert capsys.readouterr().out == "crm.post: written: refused: status 404\n"


@pytest.mark.parametrize(
    ("words", "code"), [(["list"], 0), (["explain", ANSWERED, "--json"], 0), (["test", "hapy"], 2)]
)
def test_the_command_works_on_the_chosen_stack(
    told: Deployed, words: list[str], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployed_stacks, "connect", lambda _choice: told)
    assert cli.main(["workflow", *words]) == code


def test_requests_go_out_over_http_and_mails_where_their_sender_is_known(deployed: Deployed) -> None:
    assert isinstance(configured.exchange(deployed), HttpExchange)

    told = samconfig_with("SenderAddress=survey@acme.eu")
    (deployed.config / "samconfig.toml").write_text(told, encoding="utf-8")
    mails = configured.exchange(deployed)
    assert isinstance(mails, MailExchange)
    assert mails.sender == "survey+console@acme.eu"


def samconfig_with(parameter: str) -> str:
    return f'version = 0.1\n[default.deploy.parameters]\nparameter_overrides = ["{parameter}"]\n'


def test_a_workflow_that_is_not_there_is_told(deployed: Deployed) -> None:
    with pytest.raises(
        ConfigurationError, match=r'^actions.toml has no such workflow: "hapy" is unknown; did you mean "happy"'
    ):
        try_out(deployed, "hapy")
