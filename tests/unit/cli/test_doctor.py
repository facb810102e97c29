"""`afterbill doctor`: every check stands alone, and what is told of them."""

import json
import re
from dataclasses import replace
from functools import partial

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError
from botocore.parsers import ResponseParserError

from afterbill_cli import cli, deployed
from afterbill_cli.doctor import commands
from afterbill_cli.doctor.checks import CHECKS, Check, examine
from afterbill_cli.doctor.dns_lookup import Dns
from afterbill_cli.doctor.stack_under_test import StackUnderTest
from afterbill_console.health.findings import Verdict, fail, ok, skipped, unknown, warn
from tests.unit.cli.stacks_under_test import HEALTHY, NOW, findings, refused, stack_under_test, worst
from tests.unit.docs.pages import read, table

NEEDS = sorted({need for check in CHECKS for need in check.needs})
DENIED = "User: arn:aws:iam::1:user/me is not authorized to perform: {} because no policy allows it"


def operation(need: str) -> str:
    return need.partition(":")[2]


@pytest.mark.parametrize("need", NEEDS)
def test_a_permission_that_is_missing_is_named_and_harms_no_other_check(config, need):
    code = "AuthorizationError" if need.startswith("sns") else "AccessDeniedException"
    examined = stack_under_test(config, {operation(need): refused(code, DENIED.format(need))})

    by_check = {check: findings(examined, check.name) for check in CHECKS}

    silent = [
        check for check, reported in by_check.items() if reported[-1].remedy == f"allow {need} to whoever runs this"
    ]
    assert silent
    assert all(reported[-1].verdict is Verdict.UNKNOWN for check, reported in by_check.items() if check in silent)
    assert all(need in check.needs for check in silent)
    spared = [check for check, reported in by_check.items() if need not in check.needs]
    assert all(examine_again(config, check) == by_check[check] for check in spared)


def examine_again(config, check):
    return findings(stack_under_test(config), check.name)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_asks_for_no_more_than_it_says(config, check):
    """Permissions that a check does not name are denied, which makes no difference."""
    denied = {name: refused("AccessDenied") for name in HEALTHY if name not in map(operation, check.needs)}

    assert findings(stack_under_test(config, denied), check.name) == findings(stack_under_test(config), check.name)


def test_a_denial_that_names_no_permission_is_told_with_all_the_check_needs(config):
    finding = worst(stack_under_test(config, {"ListSchedules": refused("AccessDenied")}), "schedules")

    assert finding == unknown("you may not look: ListSchedules", "allow scheduler:ListSchedules to whoever runs this")


def test_a_service_that_an_emulator_does_not_have_is_unknown(config):
    finding = worst(stack_under_test(config, {"ListSchedules": refused("InvalidAction", "nothing here")}), "schedules")

    assert (finding.verdict, finding.text) == (Verdict.UNKNOWN, "AWS: ListSchedules: InvalidAction: nothing here")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EndpointConnectionError(endpoint_url="https://scheduler"), "AWS was not reached; check the network"),
        (NoCredentialsError(), "no credentials of AWS: set AWS_PROFILE"),
        (ClientError({"Error": {"Code": "ExpiredToken"}}, "ListSchedules"), "your credentials of AWS have expired"),
    ],
)
def test_a_check_explains_an_error_of_aws_like_every_command(config, error, expected):
    def failing(_question):
        raise error

    finding = worst(stack_under_test(config, {"ListSchedules": failing}), "schedules")

    assert (finding.verdict, expected in finding.text) == (Verdict.UNKNOWN, True)


def test_an_output_that_an_older_stack_does_not_have_is_unknown(config):
    examined = stack_under_test(config)
    older = deployed.Deployed("afterbill", {}, examined.deployed.client, config)

    finding = worst(StackUnderTest(older, examined.dns, NOW), "schedules")

    assert finding.text == "stack afterbill has no output ScheduleGroupName: build and deploy this version first"


def test_a_parameter_that_an_older_stack_does_not_have_is_unknown(config):
    bare = {"Stacks": [{"StackName": "afterbill", "CreationTime": NOW, "StackStatus": "CREATE_COMPLETE"}]}

    assert "no parameter AlarmEmail" in worst(stack_under_test(config, {"DescribeStacks": bare}), "alarm mail").text


@pytest.mark.parametrize("error", [EndpointConnectionError(endpoint_url="https://ses"), KeyError("Schedules")])
def test_whatever_goes_wrong_is_a_finding_after_those_there_are(config, error):
    def look(_patient):
        yield ok("so far")
        raise error

    reported = list(examine(Check("one", look), stack_under_test(config)))

    assert [one.verdict for one in reported] == [Verdict.OK, Verdict.UNKNOWN]
    assert reported[1].remedy


def test_an_error_of_ses_that_is_no_missing_identity_stays_one(config):
    throttled = stack_under_test(config, {"GetEmailIdentity": refused("TooManyRequestsException")})

    assert worst(throttled, "identity").text.startswith("AWS: GetEmailIdentity: TooManyRequestsException")


def test_a_secret_that_may_not_be_read_is_no_missing_one(config):
    examined = stack_under_test(config, {"GetSecretValue": refused("AccessDeniedException")})

    assert worst(examined, "keys").verdict is Verdict.UNKNOWN


# what is told

SICK = (
    Check("first", lambda _: iter([ok("fine"), warn("not\n so fine", "rest")])),
    Check("the second", lambda _: iter([fail("broken", "`mend`")])),
    Check("third", lambda _: iter([unknown("dark")])),
)


def test_a_person_reads_a_line_per_finding_and_what_to_do(config, capsys):
    assert commands.run(stack_under_test(config), as_json=False, checks=SICK) == 1

    assert capsys.readouterr().out.splitlines() == [
        "ok       first       fine",
        "warn     first       not so fine",
        "                     -> rest",
        "fail     the second  broken",
        "                     -> `mend`",
        "unknown  third       dark",
        "",
        "1 ok, 1 warn, 1 fail, 1 unknown, 0 skipped",
    ]


def test_a_program_reads_one_object(config, capsys):
    assert commands.run(stack_under_test(config), as_json=True, checks=SICK) == 1

    report = json.loads(capsys.readouterr().out)
    assert (report["stack"], report["healthy"], report["exit"]) == ("afterbill", False, 1)
    assert report["counts"] == {"ok": 1, "warn": 1, "fail": 1, "unknown": 1, "skipped": 0}
    assert report["findings"][2] == {"check": "the second", "verdict": "fail", "found": "broken", "remedy": "`mend`"}


@pytest.mark.parametrize(
    ("found", "code"),
    [
        ([ok("a"), warn("a", "b"), skipped("c")], 0),
        ([ok("a"), unknown("c")], 2),
        ([unknown("c"), fail("a", "b")], 1),
        ([], 0),
    ],
    ids=["fine", "could not look", "problems", "nothing to look at"],
)
def test_what_is_unknown_is_not_healthy(config, capsys, found, code):
    checks = [Check("one", lambda _: iter(found))]

    assert commands.run(stack_under_test(config), as_json=True, checks=checks) == code

    report = json.loads(capsys.readouterr().out)
    assert (report["exit"], report["healthy"]) == (code, code == 0)


def run(monkeypatch, stack, *arguments):
    monkeypatch.setattr(deployed, "connect", lambda _chosen: stack)
    return cli.main(["doctor", *arguments])


def test_the_command_examines_the_stack_it_speaks_to(monkeypatch, config, capsys):
    examined = stack_under_test(config)
    monkeypatch.setattr(commands, "live", lambda: examined.dns)

    run(monkeypatch, examined.deployed, "--json")

    rows = json.loads(capsys.readouterr().out)["findings"]
    assert {one["check"] for one in rows} == {check.name for check in CHECKS}
    assert [one for one in rows if one["verdict"] == "unknown"] == []


def test_name_servers_need_not_be_asked_which_speaks_against_nothing(monkeypatch, config, capsys):
    monkeypatch.setattr(commands, "CHECKS", [check for check in CHECKS if check.name == "DMARC"])
    monkeypatch.setattr(commands, "run", partial(commands.run, checks=commands.CHECKS))

    assert run(monkeypatch, stack_under_test(config).deployed, "--offline-dns") == 0
    assert "skipped  DMARC  name servers were not to be asked" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (EndpointConnectionError(endpoint_url="https://cloudformation"), "AWS was not reached"),
        (ConnectTimeoutError(endpoint_url="https://cloudformation"), "AWS was not reached"),
        (NoCredentialsError(), "no credentials of AWS"),
        (ClientError({"Error": {"Code": "ExpiredToken"}}, "DescribeStacks"), "have expired"),
        (ResponseParserError("invalid XML received"), "something that is not AWS answered"),
    ],
)
def test_a_stack_that_cannot_be_reached_ends_at_once_with_one_sentence(monkeypatch, config, capsys, error, expected):
    def unreachable(_service):
        raise error

    dead = replace(stack_under_test(config).deployed, client=unreachable)

    assert run(monkeypatch, dead, "--json") == 2

    printed = capsys.readouterr()
    report = json.loads(printed.out)
    assert (report["healthy"], report["exit"], expected in report["error"]) == (False, 2, True)
    assert expected in printed.err
    assert printed.err.count("\n") == 1


def test_a_stack_that_may_not_be_described_is_examined_all_the_same(monkeypatch, config, capsys):
    examined = stack_under_test(config, {"DescribeStacks": refused("AccessDenied")})
    monkeypatch.setattr(commands, "live", lambda: examined.dns)

    run(monkeypatch, examined.deployed, "--json")

    rows = json.loads(capsys.readouterr().out)["findings"]
    assert {one["check"] for one in rows} == {check.name for check in CHECKS}


def test_the_page_names_every_check_and_permission():
    assert [row[0] for row in table("docs/doctor.md", "check")] == [check.name for check in CHECKS]
    assert sorted(re.findall(r'"(\w+:\w+)"', read("docs/doctor.md"))) == NEEDS


def test_name_servers_that_are_silent_from_the_start_are_not_asked(config):
    examined = StackUnderTest(stack_under_test(config).deployed, Dns(silent="no network"), NOW)

    assert worst(examined, "SPF").text == "no network"
