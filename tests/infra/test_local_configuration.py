"""The configuration of the local stack: an operator's folder at a pace of its own, checked before anything stops."""

import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from afterbill_cli.configuration import SHIPPED
from afterbill_dev.local import __main__ as program
from afterbill_dev.local import aws_environment, configured, sources, stack
from afterbill_dev.local.configured import Wanted
from afterbill_dev.local.processes import StackError

KNOWN = sources.make("http://127.0.0.1:8480", "http://127.0.0.1:8425/")


@pytest.fixture
def hers(tmp_path: Path) -> Path:
    """A folder that asks rarely, late, in office hours, and speaks of something else."""
    folder = tmp_path / "acme"
    folder.mkdir()
    brand = (SHIPPED / "brand.toml").read_text(encoding="utf-8").replace("Example GmbH", "Acme AG")
    surveys = (SHIPPED / "surveys.toml").read_text(encoding="utf-8").replace("Europe/Berlin", "Asia/Tokyo")
    surveys = surveys.replace("[touchpoints.renewed]\n", '[touchpoints.renewed]\nquestion = "csat"\ndelay = "9d"\n')
    (folder / "brand.toml").write_text(brand, encoding="utf-8")
    (folder / "surveys.toml").write_text(surveys, encoding="utf-8")
    return folder


def written(wanted: Wanted, place: Path) -> dict[str, Any]:
    configured.write(wanted, KNOWN, place, "http://127.0.0.1:8425/")
    return tomllib.loads((place / "surveys.toml").read_text(encoding="utf-8"))


def more(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "more.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_her_customers_see_what_she_wrote(hers: Path, tmp_path: Path) -> None:
    surveys = written(Wanted(hers), tmp_path / "stack")

    assert 'company = "Acme AG"' in (tmp_path / "stack/brand.toml").read_text(encoding="utf-8")
    assert surveys["touchpoints"]["renewed"] == {"stage": "loyalty", "question": "csat"}
    assert surveys["time_zone"] == "Asia/Tokyo"


def test_her_connections_are_left_out_for_a_laptop_writes_to_no_real_system(hers: Path, tmp_path: Path) -> None:
    actions = '[connections.hers]\nconnector = "slack"\n'
    (hers / "actions.toml").write_text(actions, encoding="utf-8")
    written(Wanted(hers), tmp_path / "stack")
    stands = tomllib.loads((tmp_path / "stack" / "actions.toml").read_text("utf-8"))

    assert "hers" not in stands["connections"]
    assert all(one["url"].startswith("http://127.0.0.1:8425/") for one in stands["connections"].values())


def test_whom_it_asks_and_when_is_the_local_pace(hers: Path, tmp_path: Path) -> None:
    surveys = written(Wanted(hers), tmp_path / "stack")

    assert surveys["legal"] == {"preset": "relaxed"}
    assert {name: surveys["defaults"][name] for name in ("ask", "delay", "window", "cooldown")} == {
        "ask": True,
        "delay": "20s",
        "window": "",
        "cooldown": "0s",
    }
    assert all("delay" not in rule for rule in surveys["touchpoints"].values())
    assert {name for name, rule in surveys["touchpoints"].items() if not rule.get("ask", True)} == {
        "payment_reversed",
        "order_cancelled",
    }


def test_there_is_a_source_for_every_provider_and_none_of_hers(hers: Path, tmp_path: Path) -> None:
    assert set(written(Wanted(hers), tmp_path / "stack")["sources"]) == set(KNOWN)


def test_more_tables_take_the_place_of_those_that_are_there(tmp_path: Path) -> None:
    file = more(tmp_path, '[touchpoints.renewed]\ndelay = "30s"\n[links.desk]\ntouchpoint = "renewed"\n')

    surveys = written(Wanted(surveys=file), tmp_path / "stack")

    assert surveys["touchpoints"]["renewed"] == {"delay": "30s"}
    assert surveys["touchpoints"]["upgraded"] == {"stage": "loyalty"}
    assert set(surveys["links"]) == {"counter", "desk"}


def test_equal_files_give_equal_stacks_and_any_other_file_another(hers: Path, tmp_path: Path) -> None:
    file = more(tmp_path, "")
    first = stack.fingerprint(Wanted(hers, file))
    assert stack.fingerprint(Wanted(hers, file)) == first

    (hers / "notes.txt").write_text("not deployed", encoding="utf-8")
    assert stack.fingerprint(Wanted(hers, file)) == first

    (hers / "locales").mkdir()
    (hers / "locales/de.toml").write_text("", encoding="utf-8")
    assert len({stack.fingerprint(Wanted(*given)) for given in ((), (hers, file), (SHIPPED, file))} | {first}) == 4


# Before anything stops


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A stack that runs, made from other files; what happens to it."""
    happened: list[str] = []
    described = {"made_from": "other files", "inbox_url": "http://inbox/", "ministack_url": "http://aws"}
    monkeypatch.setattr(stack, "_running", lambda: described)
    monkeypatch.setattr(stack, "_stop", lambda **_: happened.append("stopped"))
    monkeypatch.setattr(stack, "_start", lambda *_: happened.append("started"))
    monkeypatch.setattr(stack, "LOCAL", tmp_path)
    monkeypatch.setattr(stack, "LOCK_FILE", tmp_path / "stack.lock")
    monkeypatch.setattr(stack, "processes", SimpleNamespace(get={"http://inbox/mails.json": b"[{}, {}]"}.get))
    return happened


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x = [", r"more.toml: Invalid value \(at end of document\)"),
        ("[touchpoints.renewed]\ndelay = 'soon'", r'surveys.toml: touchpoints.renewed.delay: .*, not "soon"$'),
        ("[touchpoints.renewd]\nask = true", "renewd"),
    ],
)
def test_a_mistake_is_told_and_the_running_stack_goes_on(
    running: list[str], tmp_path: Path, text: str, told: str
) -> None:
    with pytest.raises(StackError, match=told):
        stack.up(Wanted(surveys=more(tmp_path, text)))

    assert running == []


def test_a_file_or_a_folder_that_is_not_there_is_one_line(
    running: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["local", "up", "--surveys", str(tmp_path / "none.toml")])
    with pytest.raises(SystemExit, match=r"none.toml: No such file or directory$"):
        program.main()

    monkeypatch.setattr("sys.argv", ["local", "up", "--config", str(tmp_path / "none")])
    with pytest.raises(SystemExit, match="there is no folder"):
        program.main()

    assert running == []


def test_what_is_lost_with_a_stack_that_is_replaced_is_told(
    running: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.up(Wanted(surveys=more(tmp_path, '[touchpoints.renewed]\ndelay = "30s"\n')))

    assert "replaces the running stack" in (told := capsys.readouterr().out)
    assert "2 mails are lost" in told
    assert running == ["stopped", "started"]


def test_the_same_files_change_nothing(running: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    same = {"made_from": stack.fingerprint(Wanted()), "ministack_url": "http://aws"}
    monkeypatch.setattr(stack, "_running", lambda: same)
    monkeypatch.setattr(aws_environment, "enter", lambda _url: None)

    assert stack.up(Wanted()) == same
    assert running == []


def test_a_stack_that_does_not_come_up_is_taken_away(running: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise StackError("no disk left")

    monkeypatch.setattr(stack, "_running", lambda: None)
    monkeypatch.setattr(stack, "_start", fails)

    with pytest.raises(StackError, match="no disk left"):
        stack.up(Wanted())

    assert running == ["stopped", "stopped"]
