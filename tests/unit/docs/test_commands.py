"""Commands and samples in the documentation: what can be run without AWS is run, the rest is held to its models."""

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache

import click
import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.session import Session

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.click_reviews import _mark_or_error, _moment
from afterbill_cli import cli
from tests.unit.docs.pages import PAGES, ROOT, blocks, read, spans, template

OF_EVERY_COMMAND = {"query", "output"}
ONLY_IN_THE_AWS_CLI = {("logs", "tail"): {"follow", "since", "filter-pattern"}}


def commands(program: str) -> list[list[str]]:
    """Every call of a program, as its words; substitutions stand as they are written."""
    found = [list(words) for words in sorted(set(_commands(program)))]
    assert found, f"no page calls {program}: either the pages or this search are wrong"
    return found


def _commands(program: str) -> Iterator[tuple[str, ...]]:
    starts = re.compile(rf"(?:^|\{{ |; |\$ |\(|^\$ )(?:\.venv/bin/)?{program} .*$", re.MULTILINE)
    for text in [*blocks("sh", "console"), *(span for page in PAGES for span in spans(page))]:
        for found in starts.findall(re.sub(r" *\\\n *", " ", text)):
            call = found[found.index(program) :].split("; }")[0].split(" > ")[0].partition(" #")[0]
            yield tuple(shlex.split(call.replace(".venv/bin/", "")))


def flags(words: list[str]) -> set[str]:
    return {word.removeprefix("--") for word in words if word.startswith("--")}


@pytest.mark.parametrize("script", blocks("sh"))
def test_a_shell_block_is_shell(script: str):
    checked = subprocess.run(
        ["bash", "-n"],  # noqa: S607  # the one on PATH, as readers have it
        input=script,
        text=True,
        capture_output=True,
        check=False,
    )

    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("program", blocks("python"))
def test_a_python_block_is_python(program: str):
    assert compile(program, "a page", "exec").co_filename == "a page"


@pytest.mark.parametrize("text", blocks("json"))
def test_a_json_block_is_json(text: str):
    assert json.loads(text)


@pytest.mark.parametrize("text", blocks("toml"))
def test_a_toml_block_is_toml(text: str):
    assert tomllib.loads(text)


@pytest.mark.parametrize("words", commands("make"), ids=" ".join)
def test_a_make_target_exists(words: list[str]):
    targets = re.findall(r"^([a-z-]+):.*## ", read("Makefile"), re.MULTILINE)

    assert words[1] in targets


@pytest.mark.parametrize("words", commands("afterbill"), ids=" ".join)
def test_an_afterbill_command_is_understood(words: list[str]):
    """One that is only named, without what it takes, has a help of its own."""
    named_only = not any(word.startswith("-") for word in words)

    assert understood(words[1:]) or (named_only and cli.main([*words[1:], "--help"]) == 0)


def understood(words: list[str]) -> bool:
    """Read the words as the command line does, and start nothing."""
    try:
        context = cli.command.make_context("afterbill", words)
        while rest := [*context._protected_args, *context.args]:
            name, command, words = context.command.resolve_command(context, rest)
            context = command.make_context(name, words, parent=context)
    except click.exceptions.Exit:
        return True  # its help
    except click.UsageError:
        return False
    return True


def test_the_explained_event_is_explained_in_these_words(capsys, monkeypatch):
    [session] = blocks("console")
    command, _, output = session.partition("\n")
    monkeypatch.chdir(ROOT)

    assert cli.main(command.split()[2:]) == 0
    assert capsys.readouterr().out == output


@pytest.mark.parametrize("words", commands("make"), ids=" ".join)
def test_make_knows_what_it_is_told(words: list[str]):
    told = {word.partition("=")[0] for word in words if "=" in word}

    assert told <= set(re.findall(r"\b[A-Z]+\b", read("Makefile")))


def test_nobody_is_sent_to_sam_which_is_not_on_path():
    """Only `make` starts it, after its checks."""
    assert not [text for text in blocks("sh") if re.search(r"\bsam (build|deploy)\b", text)]


@pytest.mark.parametrize("words", commands("aws"), ids=" ".join)
def test_an_aws_command_has_these_options(words: list[str]):
    service, command = words[1:3]

    assert flags(words) <= options(service, command) | OF_EVERY_COMMAND


@cache
def options(service: str, command: str) -> set[str]:
    """What the AWS CLI takes: the members of the operation's input, spelled with hyphens, and their denials."""
    if (service, command) in ONLY_IN_THE_AWS_CLI:
        return ONLY_IN_THE_AWS_CLI[(service, command)]
    try:
        model = Session().get_service_model(service)
    except UnknownServiceError:
        pytest.fail(f"no AWS service {service}")
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert command in operations, f"aws {service} has no command {command}"
    members = model.operation_model(operations[command]).input_shape.members
    switches = {f"no-{xform_name(name, '-')}" for name, shape in members.items() if shape.type_name == "boolean"}
    return {xform_name(name, "-") for name in members} | switches


ANSWERS = """
stack() { echo table; }
aws() { case "$2" in query) printf 'INVITATION#one\\nINVITATION#two\\n' ;; *) printf '%s\\n' "$@" ;; esac; }
"""
"""In place of AWS: two surveys are found, and every other call prints its words."""


def test_the_marks_of_lost_reviews_are_as_review_clicks_reads_them():
    (script,) = [text for text in blocks("sh") if "REVIEW" in text]
    done = subprocess.run(["bash", "-c", ANSWERS + script], capture_output=True, text=True, check=True)  # noqa: S607  # as a shell
    found = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    keys_, values = found[::2], found[1::2]
    marks = [_mark_or_error(key | {"ids": value[":ids"]}) for key, value in zip(keys_, values, strict=True)]

    assert [(mark.name, mark.invitation_ids) for mark in marks] == [("one", {"one"}), ("two", {"two"})]
    assert keys_ == [keys.review(_moment(mark.marked_at), mark.name) for mark in marks]


def test_stack_reads_outputs_there_are():
    read = {name for text in blocks("sh") for name in re.findall(r'\b(?:stack|arn) "?([A-Z]\w+)', text)}

    assert read
    assert read <= set(template()["Outputs"])


def test_the_pages_look_for_logs_where_functions_write_them():
    groups = {
        resource["Properties"]["LogGroupName"].replace("${AWS::StackName}", "afterbill")
        for resource in template()["Resources"].values()
        if resource["Type"] == "AWS::Logs::LogGroup"
    }

    assert {name for text in blocks("sh") for name in re.findall(r"/aws/lambda/\S+", text)} <= groups
