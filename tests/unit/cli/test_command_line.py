"""What all commands have in common: how they are listed, how they end, and how they print records."""

import csv
import json
import os
import subprocess
import sys
from collections import defaultdict

import boto3
import click
import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from afterbill.model.errors import AfterbillError, ConfigurationError, TransientError
from afterbill_cli import cli, deployed, local_stack, options
from afterbill_cli.aws_errors import explained
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, aligned, print_csv, print_json, print_json_rows
from afterbill_dev.local import aws_environment

HEAVY = ("boto3", "botocore", "pydantic", "jinja2")


def afterbill(*words, code="", **environment):
    program = f"import sys; from afterbill_cli import cli; status = cli.main(); {code}; sys.exit(status)"
    command = [sys.executable, "-c", program, *words]
    given = everything() | environment
    return subprocess.run(command, capture_output=True, text=True, check=False, env=given, cwd=local_stack.ROOT)


def everything():
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def loaded_by(*words, **environment):
    code = f"print([one for one in {HEAVY} if one in sys.modules], file=sys.stderr)"
    ended = afterbill(*words, code=code, **environment)
    return ended.stdout, ended.stderr.strip()


def test_the_version_is_told_without_loading_what_commands_need():
    assert loaded_by("--version") == (f"afterbill {cli_version()}\n", "[]")


def cli_version():
    return subprocess.run(
        [sys.executable, "-c", "import importlib.metadata as m; print(m.version('afterbill'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_the_help_and_the_completion_of_a_command_are_as_quick():
    listed, heavy = loaded_by("--help")
    assert ("Show the scores of the deployed stack." in listed, heavy) == (True, "[]")

    asked = {"_AFTERBILL_COMPLETE": "bash_complete", "COMP_WORDS": "afterbill s", "COMP_CWORD": "1"}
    found, heavy = loaded_by(**asked)
    assert (found.split(), heavy) == (
        ["plain,score", "plain,source", "plain,sending", "plain,send-test", "plain,suppression"],
        "[]",
    )


def completed(*words, incomplete=""):
    asked = ShellComplete(cli.command, {}, "afterbill", "_AFTERBILL_COMPLETE")
    return [item.value for item in asked.get_completions(list(words), incomplete)]


def test_subcommands_options_and_their_values_are_completed():
    assert completed("tasks") == ["done"]
    assert completed("score", incomplete="--st") == ["--stack-name"]
    assert completed("score", "--output") == ["table", "json", "csv"]


@pytest.mark.parametrize("name", cli.command.list_commands(None))
def test_the_list_says_of_a_command_what_its_own_help_begins_with(name):
    listed = cli.command.get_command(None, name)

    assert cli.load(name).get_short_help_str(200) == listed.get_short_help_str(200)


def every_command(command, path=()):
    if isinstance(command, click.Group):
        for name, one in command.commands.items():
            yield from every_command(cli.load(name) if not path else one, (*path, name))
        if not command.invoke_without_command:
            return
    yield " ".join(path), command


COMMANDS = dict(every_command(cli.command))
OF_FILES = {"init", "policy check", "policy explain"}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_speaks_to_a_stack_takes_the_same_options_for_it(name):
    flags = {flag for parameter in COMMANDS[name].params for flag in parameter.opts}

    assert ("--config" in flags) is (name != "init")
    assert ("--stack-name" in flags) is (name not in OF_FILES)
    assert ("--output" in flags) is ("--json" in flags)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained_in_a_sentence(name):
    command = COMMANDS[name]

    assert command.help
    for option in command.params:
        if isinstance(option, click.Option):
            assert option.help, (name, option.name)
            assert option.help[0].isupper(), (name, option.help)


@options.stack
def chosen(*, choice):
    click.echo(choice.name)


def test_a_stack_named_before_a_subcommand_counts_for_it():
    group = click.Group("tasks", invoke_without_command=True, callback=options.stack(lambda choice: None))  # noqa: ARG005  # as click calls it
    group.params = options.stack(lambda choice: None).__click_params__  # noqa: ARG005  # likewise
    done = click.command("done")(chosen)
    group.add_command(done)

    assert CliRunner().invoke(group, ["--stack-name", "one", "done"]).output == "one\n"
    assert CliRunner().invoke(group, ["--stack-name", "one", "done", "--stack-name", "two"]).output == "two\n"


def raising(monkeypatch, error):
    def raise_it(_choice):
        raise error

    monkeypatch.setattr(deployed, "connect", raise_it)
    return cli.main(["key", "list"])


@pytest.mark.parametrize("words", [["--nonsense"], ["nonsense"], ["key", "create"], ["score", "--output", "xml"]])
def test_wrong_use_ends_with_2_and_a_hint(words, capsys):
    assert cli.main(words) == 2
    told = capsys.readouterr().err
    assert (told.startswith("afterbill: "), told.endswith("--help`\n"), told.count("\n")) == (True, True, 1)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("score --window 14d", "'--window': no window '14d': choose 7d, 30d, 90d, 365d or a month"),
        ("score --by plann", """'--by': "plann" is unknown; did you mean "plan"? See"""),
        ("score --by zzz", """'--by': "zzz" is unknown: all, touchpoint, stage,"""),
        ("score --question moods", """'--question': "moods" is unknown: nps, csat, ces, rebuy."""),
        ("responses --window 14d", "'--window': no window '14d': choose"),
        ("responses --touchpoint renewd", """"renewd" is unknown; did you mean "renewed"? See"""),
        ("send-test nonsense", "'ADDRESS': takes a mail address"),
        ("send-test a@example.com --touchpoint renewd", """did you mean "renewed"? See"""),
        ("key create support --scope responses:wite", """"responses:wite" is unknown; did you mean"""),
        ("suppression show ada", "'ADDRESS': takes a mail address, or a phone number such as"),
        ("suppression lift ada --reason typed", "'ADDRESS': takes a mail address, or a phone number such as"),
        ("source add strip", """'PROVIDER': "strip" is unknown; did you mean "stripe"? See"""),
        ("source add stripe --name UPPER", "'--name': 'UPPER' cannot be a source"),
        ("source add stripe --wait 5y", """must be 0, or a duration such as "30s" or "10m", 1d at most, not "5y"."""),
        ("source add stripe --wait 2d", """1d at most, not "2d"."""),
        ("source test stripe --url http://example.com", "'--url': http://example.com is neither https nor"),
        ("replay --evidence --since x", """'--since': must be a day such as 2026-11-30, not "x"."""),
        ("replay --evidence --until 2026-13-01", """'--until': must be a day such as 2026-11-30, not "2026-13-01"."""),
        ("score --output xml", """'--output': "xml" is unknown: table, json, csv."""),
    ],
)
def test_what_is_typed_is_judged_before_a_stack_is_asked(monkeypatch, capsys, words, expected):
    monkeypatch.setattr(deployed, "connect", lambda _choice: pytest.fail("a stack was asked"))

    assert cli.main(words.split()) == 2
    told = capsys.readouterr().err
    assert (expected in told, told.count("\n")) == (True, 1)


def test_a_choice_may_be_typed_in_capital_letters(monkeypatch, capsys):
    monkeypatch.setattr(deployed, "connect", lambda _choice: (_ for _ in ()).throw(ConfigurationError("asked")))

    assert cli.main(["score", "--question", "NPS"]) == 2
    assert capsys.readouterr().err == "afterbill: asked\n"


def test_without_a_command_there_is_help(capsys):
    assert cli.main([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_json_and_another_form_contradict_each_other(capsys):
    assert cli.main(["key", "list", "--json", "--output", "csv"]) == 2
    assert "leave out one of --json and --output csv" in capsys.readouterr().err


def test_what_cannot_be_looked_at_ends_with_2_and_one_line(monkeypatch, capsys):
    assert raising(monkeypatch, ConfigurationError("no such thing")) == 2
    assert capsys.readouterr().err == "afterbill: no such thing\n"


def test_a_mistake_of_ours_is_not_hidden_and_found_no_problems(monkeypatch, capsys):
    assert raising(monkeypatch, ZeroDivisionError("by none")) == 2
    assert capsys.readouterr().err.endswith("ZeroDivisionError: by none\n")


@pytest.mark.parametrize(
    ("redirected", "code", "told"),
    [
        (">/dev/full", 2, "afterbill: No space left on device\n"),
        (">&-", 0, ""),
        (">&- 2>&-", 0, ""),
        ("<&-", 0, ""),
    ],
)
def test_what_cannot_be_printed_is_no_traceback(redirected, code, told):
    command = f"{sys.executable} -m afterbill_cli.cli policy check {redirected}"
    ended = subprocess.run(
        ["/bin/sh", "-c", command],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        cwd=local_stack.ROOT,
        env=everything(),
    )

    assert (ended.returncode, ended.stderr) == (code, told)


def test_a_file_that_cannot_be_read_is_named(monkeypatch, capsys):
    assert raising(monkeypatch, PermissionError(13, "Permission denied", "a.csv")) == 2
    assert capsys.readouterr().err == "afterbill: a.csv: Permission denied\n"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()], ids=["signal", "prompt"])
def test_after_an_interrupt_the_command_ends_without_a_word(monkeypatch, capsys, error):
    assert raising(monkeypatch, error) == 130
    assert capsys.readouterr().err == "\n"


@pytest.mark.parametrize("words", [["--help"], ["policy", "check"], ["policy", "explain", "--help"]])
def test_a_reader_that_goes_away_ends_the_command_silently(words):
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write) as closed:
        command = [sys.executable, "-m", "afterbill_cli.cli", *words]
        ended = subprocess.run(
            command,
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=local_stack.ROOT,
            env=everything(),
        )

    assert (ended.returncode, ended.stderr) == (141, "")


def refused(code, message="no"):
    return ClientError({"Error": {"Code": code, "Message": message}}, "DescribeStacks")


DENIED = "User: arn:aws:iam::1:user/ada is not authorized to perform: cloudformation:DescribeStacks on resource: x"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (exceptions.NoCredentialsError(), "no credentials of AWS: set AWS_PROFILE"),
        (exceptions.NoRegionError(), "no region of AWS: set AWS_REGION"),
        (exceptions.PartialCredentialsError(provider="env", cred_var="x"), "half of the credentials"),
        (exceptions.SSOTokenLoadError(error_msg="x"), "your session at AWS has ended: sign in again"),
        (exceptions.ProfileNotFound(profile="work"), "there is no profile work: `aws configure list-profiles`"),
        (refused("ExpiredToken"), "your credentials of AWS have expired: sign in again"),
        (refused("InvalidClientTokenId"), "AWS does not know these credentials"),
        (refused("AccessDenied", DENIED), "allow cloudformation:DescribeStacks to whoever runs the command"),
        (refused("AccessDeniedException"), "allow DescribeStacks to whoever runs the command"),
        (refused("Throttling", "slow\ndown"), "AWS: DescribeStacks: Throttling: slow down"),
        (exceptions.EndpointConnectionError(endpoint_url="https://sqs.x"), "AWS was not reached; check the network"),
        (exceptions.ConnectTimeoutError(endpoint_url="https://sqs.x"), "AWS was not reached; check the network"),
        (exceptions.DataNotFoundError(data_path="x"), "AWS: Unable to load data for: x"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_of_aws_is_one_line_that_says_what_to_do(error, expected, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(local_stack, "STACK_FILE", tmp_path / "none")

    assert raising(monkeypatch, error) == 2
    told = capsys.readouterr().err
    assert expected in told
    assert told.count("\n") == 1


def test_an_error_that_is_none_of_aws_is_not_explained():
    assert explained(AfterbillError("no")) is None
    assert explained(None) is None


LOCAL = {
    "stack_name": "local",
    "api_url": "http://127.0.0.1:8000",
    "configuration": "layers/config",
    "outputs": {},
    "environment": aws_environment.environment("http://127.0.0.1:4566"),
}


@pytest.fixture
def here(monkeypatch, tmp_path):
    file = tmp_path / "stack.json"
    file.write_text(json.dumps(LOCAL))
    monkeypatch.setattr(local_stack, "STACK_FILE", file)
    return file


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("wrapped", [False, True], ids=["as it is", "as a transient error"])
def test_a_local_stack_that_was_killed_is_started_by_make_up(monkeypatch, capsys, wrapped):
    error = exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:4566/")
    if wrapped:
        transient = TransientError("dynamodb: EndpointConnectionError")
        transient.__cause__ = error
        error = transient

    assert raising(monkeypatch, error) == 2
    assert capsys.readouterr().err == "afterbill: the local stack does not answer: run `make up`\n"


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", *(json.dumps(LOCAL | {key: None}) for key in LOCAL), json.dumps(LOCAL | {"environment": {}})],
)
def test_a_damaged_file_of_the_local_stack_is_told(here, text):
    here.write_text(text)

    with pytest.raises(ConfigurationError, match="is damaged: run `make up`"):
        local_stack.described()
    assert not local_stack.serves("http://127.0.0.1:4566")


def test_programs_read_that_the_file_of_the_local_stack_is_damaged(here, capsys):
    here.write_text("{}")

    assert cli.main(["doctor", "--json"]) == 2
    assert "is damaged" in json.loads(capsys.readouterr().out)["error"]


@pytest.mark.parametrize("words", [["score", "--table", "x"], ["key", "list", "--stack-name", "elsewhere"]])
def test_an_address_of_aws_that_is_none_is_told(words):
    ended = afterbill(*words, code="pass", AWS_ENDPOINT_URL="nonsense", AWS_REGION="eu-central-1")

    expected = "afterbill: no client for AWS, look at AWS_ENDPOINT_URL: Invalid endpoint: nonsense\n"
    assert (ended.returncode, ended.stderr) == (2, expected)


def test_aws_region_counts_first(monkeypatch):
    made = []
    monkeypatch.setattr(boto3, "client", lambda service, **how: made.append((service, how["region_name"])))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    deployed.aws_client("sqs")
    monkeypatch.delenv("AWS_REGION")
    deployed.aws_client("sqs")

    assert made == [("sqs", "eu-west-1"), ("sqs", None)]


def test_whoever_waits_learns_soon_that_nobody_answers(monkeypatch):
    made = []
    monkeypatch.setattr(boto3, "client", lambda _, **how: made.append(how["config"]))
    deployed.aws_client("sqs")
    local_stack.client({"environment": defaultdict(str)}, "sqs")

    assert made == [local_stack.PATIENCE] * 2
    assert made[0].connect_timeout * made[0].retries["total_max_attempts"] <= 15


def test_a_cell_that_a_spreadsheet_would_compute_is_text(capsys):
    cells = ["=1+1", "+1", "-1", "@x", "\tx", -1, None, True, "a,b", 'say "hi"\nthere', ""]

    print_csv(("cell", "missing"), ({"cell": cell} for cell in cells))

    _, *rows = csv.reader(capsys.readouterr().out.splitlines(keepends=True))
    texts = ["'=1+1", "'+1", "'-1", "'@x", " x", "-1", "", "true", "a,b", 'say "hi"\nthere', ""]
    assert rows == [[text, ""] for text in texts]


def test_the_choice_of_a_stack_is_open_by_default():
    assert (StackChoice().name, StackChoice().config, list(Output)) == (None, None, ["table", "json", "csv"])


def test_a_terminal_without_the_letters_of_a_comment_shows_the_rest():
    ended = afterbill("--version", code="print('gr\u00fcn')", PYTHONIOENCODING="ascii")

    assert (ended.returncode, ended.stdout.splitlines()[1:]) == (0, ["gr?n"])


def test_json_shows_letters_and_escapes_what_would_steer_a_terminal(capsys):
    values = ["gr\u00fcn", "\x1b[31m", "\x9b", "\u202e", "\ud83d"]
    print_json(values)
    print_json_rows(values)

    told = capsys.readouterr().out
    assert "gr\u00fcn" in told
    assert not set(told) & {"\x1b", "\x9b", "\u202e", "\ud83d"}
    decoder = json.JSONDecoder()
    first, end = decoder.raw_decode(told)
    assert first == values == json.loads(told[end:])


STEERING = "Pro\x1b[31m\x9b2J\u202e\r\tX"


def test_a_table_and_csv_hold_nothing_that_steers_a_terminal(capsys):
    assert aligned([("plan", "n"), (STEERING, "1\n2")], right=True) == ["plan      n", "Pro  X  1 2"]
    print_csv(("plan",), [{"plan": STEERING}])
    assert capsys.readouterr().out == 'plan\n"Pro\n X"\n'


def test_no_rows_are_an_empty_list(capsys):
    print_json_rows([])

    assert capsys.readouterr().out == "[]\n"
