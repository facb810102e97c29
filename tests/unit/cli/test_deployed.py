"""The stack that a command works on, and the command line around it."""

import io
import json
from datetime import timedelta
from types import SimpleNamespace

import boto3
import pytest
from botocore.exceptions import ClientError

from afterbill.model.errors import AfterbillError
from afterbill_cli import cli, deployed, local_stack
from afterbill_cli.options import StackChoice
from afterbill_cli.sources import commands
from afterbill_cli.sources.terminal import interactive, scripted
from afterbill_dev.local.aws_environment import environment as aws_environment
from tests.unit.cli.people import Server


class CloudFormation:
    """Knows two stacks."""

    meta = SimpleNamespace(region_name="eu-central-1")

    def describe_stacks(self, *, StackName):  # noqa: N803  # as boto3 spells it
        if StackName not in {"afterbill", "second"}:
            raise ClientError({"Error": {"Code": "ValidationError", "Message": "no such stack"}}, "DescribeStacks")
        outputs = [{"OutputKey": "InboxUrl", "OutputValue": f"https://sqs/{StackName}"}]
        return {"Stacks": [{"Outputs": outputs}]}


@pytest.fixture
def aws(monkeypatch, tmp_path):
    real = boto3.client
    for name in ("AFTERBILL_STACK", "AFTERBILL_CONFIG", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(local_stack, "STACK_FILE", tmp_path / "stack.json")
    monkeypatch.setattr(
        boto3, "client", lambda name, **how: real(name, **how) if "endpoint_url" in how else CloudFormation()
    )


def chosen(name=None, config=None):
    return StackChoice(name, config)


@pytest.mark.usefixtures("aws")
def test_without_a_name_it_is_the_stack_called_afterbill(capsys):
    stack = deployed.connect(chosen())

    assert stack.output("InboxUrl") == "https://sqs/afterbill"
    assert stack.config == local_stack.ROOT / "layers/config"
    assert capsys.readouterr().err == "stack: afterbill\n"


def test_an_installed_command_reads_the_configuration_of_the_folder_it_runs_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert local_stack.checkout(tmp_path / "site-packages" / "afterbill_cli") == tmp_path
    assert local_stack.checkout(local_stack.ROOT / "afterbill_cli") == local_stack.ROOT


@pytest.mark.usefixtures("aws")
def test_the_environment_may_name_the_stack_and_the_command_line_decides(monkeypatch, tmp_path):
    monkeypatch.setenv("AFTERBILL_STACK", "second")

    assert deployed.connect(chosen()).name == "second"
    assert deployed.connect(chosen("afterbill", tmp_path)).config == tmp_path


@pytest.fixture
def hers(aws, tmp_path, monkeypatch):  # noqa: ARG001  # its variables go first
    """An operator's folder, said once."""
    (tmp_path / "samconfig.toml").write_text(
        '[default.deploy.parameters]\nstack_name = "second"\nregion = "ap-south-1"\n', encoding="utf-8"
    )
    monkeypatch.setenv("AFTERBILL_CONFIG", str(tmp_path))
    return tmp_path


def test_an_operators_folder_names_the_stack(hers):
    stack = deployed.connect(chosen())

    assert (stack.name, stack.config) == ("second", hers)
    assert stack.edited == f"{hers}/surveys.toml, then `make deploy CONFIG={hers}`"
    assert deployed.connect(chosen("afterbill")).name == "afterbill"


@pytest.mark.usefixtures("hers")
def test_an_operators_folder_names_the_region_unless_the_shell_does(monkeypatch):
    asked = []
    monkeypatch.setattr(
        boto3, "client", lambda _name, *, region_name, **_: asked.append(region_name) or CloudFormation()
    )
    monkeypatch.delenv("AWS_REGION", raising=False)
    deployed.connect(chosen())
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    deployed.connect(chosen())

    assert asked == ["ap-south-1", "eu-north-1"]


LOCAL = {"api_url": "http://127.0.0.1:8480", "configuration": "layers/config", "environment": {}}


@pytest.mark.usefixtures("aws")
def test_while_the_local_stack_is_up_it_is_the_one(tmp_path):
    description = {"stack_name": "local", "api_url": "http://127.0.0.1:8480", "configuration": str(tmp_path)}
    environment = aws_environment("http://127.0.0.1:4566")
    details = {"outputs": {"ApiUrl": "http://elsewhere"}, "environment": environment}
    (tmp_path / "stack.json").write_text(json.dumps(description | details))

    stack = deployed.connect(chosen())

    assert (stack.name, stack.output("ApiUrl"), stack.config) == ("local", description["api_url"], tmp_path)
    assert stack.client("sqs").meta.endpoint_url == "http://127.0.0.1:4566"
    assert deployed.connect(chosen("second")).name == "second"
    assert deployed.connect(chosen("local")).output("ApiUrl") == description["api_url"]


@pytest.mark.usefixtures("aws")
def test_a_variable_that_is_set_to_nothing_names_no_stack(monkeypatch):
    monkeypatch.setenv("AFTERBILL_STACK", "")
    monkeypatch.setattr(local_stack, "described", lambda: {"stack_name": "local", "outputs": {}} | LOCAL)

    assert deployed.connect(chosen()).name == "local"


@pytest.mark.usefixtures("aws")
def test_what_an_older_stack_does_not_have_is_told():
    with pytest.raises(AfterbillError, match="stack afterbill has no output TokensSecretArn"):
        deployed.connect(chosen()).output("TokensSecretArn")


@pytest.mark.usefixtures("aws")
def test_an_error_of_aws_is_one_line(capsys):
    assert cli.main(["source", "list", "--stack-name", "third"]) == 2
    assert capsys.readouterr().err.startswith("afterbill: there is no stack third in eu-central-1:")


def test_a_source_that_is_not_configured_is_told(stack):
    with pytest.raises(AfterbillError, match=r"no \[sources.nobody\], only: books, events"):
        stack.source("nobody")


class Keyboard(io.StringIO):
    def isatty(self):
        return True


def run(monkeypatch, stack, *arguments):
    monkeypatch.setattr(deployed, "connect", lambda _chosen: stack)
    return cli.main(list(arguments))


def test_a_script_gives_secrets_line_by_line(monkeypatch, stack, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"pdl_ntfset_{'k' * 40}\npdl_key\n"))

    assert run(monkeypatch, stack, "source", "add", "paddle", "--secret-stdin", "--wait", "0") == 0
    assert run(monkeypatch, stack, "source", "list") == 0
    output = capsys.readouterr().out
    assert "paddle  " in output
    assert "pdl_" not in output


def test_the_other_commands_are_wired(monkeypatch, stack, capsys):
    monkeypatch.setattr("afterbill_cli.sources.test_webhook.HttpClient", lambda _pool: Server(202))
    monkeypatch.setattr("sys.stdin", io.StringIO("secret\n"))
    run(monkeypatch, stack, "source", "add", "lemonsqueezy", "--name", "events2", "--secret-stdin", "--wait", "0")

    monkeypatch.setattr("sys.stdin", Keyboard())
    assert run(monkeypatch, stack, "source", "confirm", "books") == 0
    assert run(monkeypatch, stack, "source", "consent", "paddle") == 2
    assert run(monkeypatch, stack, "source", "test", "events") == 2
    assert run(monkeypatch, stack, "tasks") == 0
    assert run(monkeypatch, stack, "tasks", "done", "books", "verifier", "7") == 2
    output = capsys.readouterr()
    assert "No verifier waits" in output.out
    assert "nobody's consent" in output.err
    assert "there is no task" in output.err


def test_how_long_to_wait_is_a_duration():
    assert commands._patience("0") == timedelta(0)
    assert commands._patience("90s") == timedelta(seconds=90)


def test_what_a_script_leaves_out_is_empty(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("one\n"))
    terminal = scripted()

    assert [terminal.ask_secret("?"), terminal.ask("?"), terminal.ask_secret("?")] == ["one", "", ""]


def test_a_person_types_secrets_unseen(monkeypatch):
    monkeypatch.setattr("sys.stdin", Keyboard())
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"unseen after {prompt}")

    assert interactive().ask_secret("Secret: ") == "unseen after Secret: "


@pytest.mark.parametrize("words", [["source", "add", "stripe"], ["source", "consent", "ledger"]])
def test_where_nobody_is_at_a_keyboard_nothing_is_asked(monkeypatch, capsys, words):
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr(deployed, "connect", lambda _chosen: pytest.fail("a stack was asked"))

    assert cli.main(words) == 2
    assert "nobody is at a keyboard: `afterbill source add --secret-stdin`" in capsys.readouterr().err


def test_an_input_that_ends_is_an_empty_answer(monkeypatch):
    monkeypatch.setattr("sys.stdin", Keyboard())

    assert interactive().ask("Address: ") == ""
