"""Traffic described by others: how it is read, what is refused, and what comes of it."""

import json

import pytest

from afterbill_dev.lab import __main__ as lab
from afterbill_dev.lab import traffic
from afterbill_dev.lab.clients import NAMES
from afterbill_dev.lab.traffic import DESK, PHONE, TrafficError
from tests.factories import EVENTS

LINE = {"invitation": "a", "client": "somebody", "person": True, "link": "9", "at": 60}


@pytest.fixture
def file(tmp_path):
    def write(*lines, **changes):
        path = tmp_path / "traffic.jsonl"
        rows = lines or [LINE | changes]
        path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in rows), encoding="utf-8")
        return path

    return write


def only(path):
    (mail,) = traffic.read(path, NAMES)
    return mail


def test_the_example_is_read_and_holds(capsys):
    assert lab.main(["--traffic", str(EVENTS / "lab" / "traffic.jsonl")]) == 0

    output = capsys.readouterr().out
    assert [line.split("  ")[0] for line in output.splitlines()[3:]] == [
        "gateway",
        "person",
        "probe",
        "antivirus",
        "early browser",
        "visible browser",
        "hovering person",
    ]


def test_what_a_line_does_not_say_has_a_default(file):
    mail = only(file({"invitation": 7, "client": "tap twice", "at": 60}))
    (use,) = mail.uses

    assert (use.link, use.method, use.person, use.script, use.visible, use.ahead) == (
        "page",
        "GET",
        True,
        False,
        0.0,
        False,
    )
    assert (use.network, use.agent, mail.delivered) == ("7 tap twice", PHONE, 0.0)


def test_a_robot_of_ours_is_known_by_its_name_and_comes_from_a_desk(file):
    (use,) = only(file({"invitation": "a", "client": "HEAD only", "at": 1, "method": "head", "link": 3})).uses

    assert (use.person, use.agent, use.method, use.number) == (False, DESK, "HEAD", 3)


def test_all_is_every_link_of_the_mail_in_its_order_and_first_is_the_hidden_one(file):
    uses = only(file(link="all")).uses

    assert [use.link for use in uses] == ["hidden", *map(str, range(11))]
    assert uses[-1].at == pytest.approx(61.1)
    assert [use.link for use in only(file(link="first")).uses] == ["hidden"]


def test_lines_of_one_mail_belong_together_in_the_order_of_their_moments(file):
    later = LINE | {"client": "later", "at": 90, "delivered": 2}
    first, second = traffic.read(file(LINE | {"invitation": "b"}, later, "", LINE), NAMES)

    assert [use.at for use in first.uses] == [60, 90]
    assert (first.kind, first.delivered, second.delivered) == ("later + somebody", 2, 0)


def test_nobody_may_have_reported_the_delivery(file):
    assert only(file(delivered=None)).delivered is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"invitation": ""}, '`invitation` must be a text, not ""'),
        ({"client": None}, "`client` must be a text, not null"),
        ({"person": "yes"}, '`person` must be true or false, not "yes"'),
        ({"link": "11"}, '`link` must be one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, hidden, page, first, all, not "11"'),
        ({"at": "soon"}, '`at` must be a number of seconds, not "soon"'),
        ({"at": True}, "`at` must be a number of seconds, not true"),
        ({"at": 1e300}, "`at` must be a number of seconds, not 1e+300"),
        ({"method": "PUT"}, '`method` must be one of GET, HEAD, POST, PICK, RELOAD, not "PUT"'),
        ({"method": "POST", "link": "all"}, '`link` must be the number that is sent with POST, 0 to 10, not "all"'),
        (
            {"method": "PICK", "link": "page"},
            '`link` must be the number that is chosen with PICK, 0 to 10, not "page"',
        ),
        (
            {"method": "RELOAD", "link": "hidden"},
            '`link` must be the number that is loaded again with RELOAD, 0 to 10, not "hidden"',
        ),
        ({"background": "long"}, '`background` must be a number of seconds, not "long"'),
        ({"script": 1}, "`script` must be true or false, not 1"),
        ({"visible": [2]}, "`visible` must be a number of seconds, not [2]"),
        ({"delivered": "no"}, '`delivered` must be a number of seconds, not "no"'),
        ({"network": {}}, "`network` must be a text, not {}"),
        ({"user_agent": []}, "`user_agent` must be a text, not []"),
        ({"prefetch": None}, "`prefetch` must be true or false, not null"),
    ],
)
def test_a_wrong_value_is_named_with_its_line(file, changes, expected):
    with pytest.raises(TrafficError) as refused:
        traffic.read(file(LINE, LINE | changes), NAMES)

    assert str(refused.value) == f"traffic.jsonl, line 2: {expected}"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("{", "line 1: no JSON: "),
        ("[]", "line 1: must be one JSON object"),
        ('{"client": "x"}', "line 1: `invitation` must be a text, and is missing"),
        ('{"invitation": "a", "client": "x", "at": 1}', "line 1: `person` must be true or false, and is missing"),
        ("", "it has no line"),
    ],
)
def test_what_is_no_traffic_is_refused(file, line, expected, capsys):
    assert lab.main(["--traffic", str(file(line))]) == 1
    assert expected in capsys.readouterr().err


def test_a_page_that_is_loaded_again_is_no_new_click(file, capsys):
    older = {**LINE, "link": 3, "script": True, "visible": 3}
    newer, again = {**older, "link": 9, "at": 90}, {**older, "at": 900, "method": "reload"}

    assert lab.main(["--traffic", str(file(older, newer, again))]) == 0
    assert capsys.readouterr().err == ""


def test_more_than_is_excused_is_named_and_the_page_that_states_what_fails(file, capsys):
    early = {**LINE, "link": 3, "script": True, "visible": 3}

    assert lab.main(["--traffic", str(file(early, {**early, "link": 9, "at": 61}))]) == 1

    told = capsys.readouterr().err
    assert "more than is stated: somebody\n" in told
    assert "Limits in docs/answer-integrity.md; its first three are excused" in told


def test_a_file_that_is_not_there_is_told(tmp_path, capsys):
    assert lab.main(["--traffic", str(tmp_path / "none.jsonl")]) == 1
    assert "none.jsonl" in capsys.readouterr().err
