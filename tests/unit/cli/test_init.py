"""`afterbill init`: five answers, and a folder that can be checked, built and deployed."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from afterbill.connectors.registry import PROVIDERS
from afterbill_cli import cli, policy, samconfig
from afterbill_cli.configuration import SHIPPED
from afterbill_cli.examples import examples
from afterbill_cli.starting import answers, folder
from afterbill_cli.starting.answers import Answers

ANN = Answers("Acme AG", "ann@acme.eu", "survey@acme.eu", "en", "stripe")
ALL = ["--company=Acme AG", "--email=ann@acme.eu", "--sender=survey@acme.eu", "--language=de", "--source=paddle"]


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Python is not searched for: that takes longer than all of these tests."""
    monkeypatch.setattr(folder, "newest", lambda: "python3.12")
    monkeypatch.setenv("TZ", "Europe/Zurich")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")


def init(place: Path, *options: str, typed: str = "") -> Any:
    return CliRunner().invoke(cli.load("init"), [str(place), *options], input=typed, standalone_mode=False)


def toml(place: Path, name: str) -> dict[str, Any]:
    return tomllib.loads((place / name).read_text(encoding="utf-8"))


# What is made


def test_without_questions_the_folder_can_be_checked_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["init", str(tmp_path / "acme"), "--yes"]) == 0
    assert cli.main(["policy", "check", "--config", str(tmp_path / "acme")]) == 0
    assert "are left in" in capsys.readouterr().out


def test_all_that_nobody_else_can_know_is_an_example_that_is_named(tmp_path: Path) -> None:
    told = init(tmp_path / "acme", "--yes").stdout

    left = ["company", "product", "sender_name", "imprint", "reply_to", "privacy_url"]
    assert examples(toml(tmp_path / "acme", "brand.toml")) == left
    assert ", ".join(left) in told


def test_answers_leave_only_imprint_and_privacy_notice_to_write(tmp_path: Path) -> None:
    init(tmp_path / "acme", *ALL)

    assert examples(toml(tmp_path / "acme", "brand.toml")) == ["imprint", "privacy_url"]


def test_the_answers_stand_where_they_belong(tmp_path: Path) -> None:
    init(tmp_path / "acme", *ALL)

    brand, surveys = toml(tmp_path / "acme", "brand.toml"), toml(tmp_path / "acme", "surveys.toml")
    assert (brand["company"], brand["product"], brand["sender_name"]) == ("Acme AG",) * 3
    assert (brand["reply_to"], brand["default_locale"], brand["informal"]) == ("ann@acme.eu", "de", [])
    assert (surveys["time_zone"], list(surveys["sources"])) == ("Europe/Zurich", ["paddle"])
    assert samconfig.read(tmp_path / "acme") == samconfig.StackSettings(
        "afterbill",
        "eu-west-1",
        {"SenderAddress": "survey@acme.eu", "AlarmEmail": "ann@acme.eu", "Runtime": "python3.12"},
    )


def test_everything_else_is_as_shipped_with_its_explanations(tmp_path: Path) -> None:
    init(tmp_path / "acme", *ALL)

    for name in ("brand.toml", "surveys.toml", "actions.toml"):
        shipped = (SHIPPED / name).read_text(encoding="utf-8").splitlines()
        hers = (tmp_path / "acme" / name).read_text(encoding="utf-8").splitlines()
        gone = {line.split()[1] for line in shipped if line.startswith("# ") and line not in hers}
        assert gone <= {"[test]", "recipients", "delay"}, name  # filled in
    touchpoints = toml(tmp_path / "acme", "surveys.toml")["touchpoints"]
    assert touchpoints == tomllib.loads((SHIPPED / "surveys.toml").read_text(encoding="utf-8"))["touchpoints"]


def test_texts_stay_in_the_checkout_for_updates_to_bring_new_ones(tmp_path: Path) -> None:
    init(tmp_path / "acme", "--yes")

    assert not (tmp_path / "acme/locales").exists()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_billing_system_gives_a_folder_without_mistakes(tmp_path: Path, provider: str) -> None:
    init(tmp_path / "acme", "--yes", f"--source={provider}")

    told_more = {"shopify", "chargebee", "square", "paypal", "runmyaccounts"}
    sources = policy.load_policy(tmp_path / "acme/surveys.toml").sources
    assert list(sources) == ([] if provider in told_more else [provider])


def test_surveys_of_a_test_mode_come_to_herself() -> None:
    shipped = '# [test]\n# recipients = ["you@example.com"]\n# delay = "2m"     # soon\n'

    made = tomllib.loads(folder._surveys(shipped, ANN))

    assert made["test"] == {"recipients": ["ann@acme.eu"], "delay": "2m"}


def test_the_language_that_says_du_is_one_answer(tmp_path: Path) -> None:
    init(tmp_path / "acme", "--yes", "--language=de-informal")

    brand = toml(tmp_path / "acme", "brand.toml")
    assert (brand["default_locale"], brand["informal"]) == ("de", ["de"])


def test_a_name_may_hold_what_toml_writes_in_another_way(tmp_path: Path) -> None:
    init(tmp_path / "acme", "--yes", '--company=Ann & Bob "{\\1}" GmbH')

    assert toml(tmp_path / "acme", "brand.toml")["company"] == 'Ann & Bob "{\\1}" GmbH'
    assert 'Ann & Bob "{\\1}" GmbH' in (tmp_path / "acme/README.md").read_text(encoding="utf-8")


def test_lists_of_customers_are_kept_out_of_her_repository(tmp_path: Path) -> None:
    init(tmp_path / "acme", "--yes")

    assert "*.csv" in (tmp_path / "acme/.gitignore").read_text(encoding="utf-8").splitlines()


# Where it is made


def test_nothing_is_ever_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")

    assert cli.main(["init", str(tmp_path), "--yes"]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_of_that_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "acme").write_text("", encoding="utf-8")

    assert "is not empty" in str(init(tmp_path / "acme", "--yes").exception)


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    assert init(tmp_path, "--yes").exit_code == 0
    assert (tmp_path / "brand.toml").exists()


def test_it_lies_outside_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(SHIPPED.parents[1])

    assert folder.place_problem(Path("acme")).endswith("which `git pull` changes: try ../acme")
    assert folder.place_problem(Path("../acme-of-nobody")) == ""


def test_without_a_checkout_there_is_nothing_to_start_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("afterbill_cli.starting.commands.SHIPPED", tmp_path / "layers/config")

    assert "run this in a checkout" in str(init(tmp_path / "acme", "--yes").exception)


def test_a_mistake_in_the_shipped_files_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "problems", lambda _folder: ["surveys.toml: defaults.delay: ..."])

    assert "defaults.delay" in str(init(tmp_path / "acme", "--yes").exception)


# What is asked


def test_five_questions_are_asked_and_enter_takes_what_is_suggested(tmp_path: Path) -> None:
    asked = init(tmp_path / "acme", typed="Acme AG\nann@acme.eu\n\n\n\n")

    assert asked.exit_code == 0
    assert "[survey@acme.eu]" in asked.stdout
    assert samconfig.read(tmp_path / "acme").parameters["SenderAddress"] == "survey@acme.eu"
    assert (tmp_path / "acme/surveys.toml").read_text(encoding="utf-8").count("\n[sources.stripe]") == 1


def test_what_an_option_says_is_not_asked(tmp_path: Path) -> None:
    asked = init(tmp_path / "acme", *ALL[:4], typed="mollie\n")

    assert "Company" not in asked.stdout
    assert list(toml(tmp_path / "acme", "surveys.toml")["sources"]) == ["mollie"]


def test_a_bad_answer_is_told_and_asked_again(tmp_path: Path) -> None:
    asked = init(tmp_path / "acme", *ALL[:1], typed="noreply@acme.eu\nann@acme\nann@acme.eu\n\nger\n\n\n")

    assert asked.exit_code == 0
    assert "an address that you read" in asked.output
    assert "one plain address" in asked.output
    assert '"ger" is unknown' in asked.output


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--company= ", "the name your customers know"),
        ("--company=Acme\nAG", "one line"),
        ("--email=ann", "one plain address"),
        ("--sender=survey@acme..eu", "--sender"),
        ("--sender=Acme <survey@acme.eu>", "one plain address"),
        ("--language=english", '"english" is unknown'),
        ("--source=strip", 'did you mean "stripe"?'),
    ],
)
def test_a_bad_option_is_told_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, told: str
) -> None:
    assert cli.main(["init", str(tmp_path / "acme"), "--yes", option]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "acme").exists()


# What the machine knows


@pytest.mark.parametrize(
    ("zone", "taken"),
    [
        ("America/New_York", "America/New_York"),
        (":Asia/Tokyo", "Asia/Tokyo"),
        ("UTC", "Europe/Berlin"),
        ("Etc/UTC", "Europe/Berlin"),
        ("Mars/Olympus", "Europe/Berlin"),
    ],
)
def test_the_time_zone_is_that_of_the_machine_unless_it_is_a_server(
    monkeypatch: pytest.MonkeyPatch, zone: str, taken: str
) -> None:
    monkeypatch.setenv("TZ", zone)

    assert answers.time_zone() == taken


def test_the_region_is_that_of_the_aws_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert answers.region() == "eu-central-1"

    (tmp_path / "config").write_text("[default]\nregion = ap-southeast-2\n", encoding="utf-8")
    assert answers.region() == "ap-southeast-2"
