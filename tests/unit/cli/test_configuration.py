"""The operator's folder over what is shipped."""

import tomllib
from pathlib import Path

import pytest

from afterbill.model.errors import ConfigurationError
from afterbill_cli import configuration, policy
from afterbill_cli.configuration import SHIPPED, complete


@pytest.fixture
def hers(tmp_path: Path) -> Path:
    """A folder with the two files every operator has."""
    folder = tmp_path / "acme"
    (folder / "locales").mkdir(parents=True)
    for name in ("surveys.toml", "brand.toml"):
        (folder / name).write_text((SHIPPED / name).read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def texts(folder: Path, language: str) -> dict[str, str]:
    found: dict[str, str] = tomllib.loads((folder / f"locales/{language}.toml").read_text(encoding="utf-8"))["texts"]
    return found


def test_a_folder_without_texts_has_those_that_are_shipped(hers: Path, tmp_path: Path) -> None:
    complete(hers, tmp_path / "whole")

    assert texts(tmp_path / "whole", "de") == texts(SHIPPED, "de")
    assert policy.problems(hers) == []


def test_actions_are_hers_and_without_the_file_there_are_none(hers: Path, tmp_path: Path) -> None:
    complete(hers, tmp_path / "whole")
    assert not (tmp_path / "whole/actions.toml").exists()

    (hers / "actions.toml").write_text('[connections.team]\nconnector = "slack"\n', encoding="utf-8")
    complete(hers, tmp_path / "whole")
    assert (tmp_path / "whole/actions.toml").read_text(encoding="utf-8").startswith("[connections.team]")


def test_a_mistake_in_actions_is_told_by_its_key_and_its_line(hers: Path) -> None:
    (hers / "actions.toml").write_text('[connections.team]\nconnector = "slak"\n', encoding="utf-8")
    assert policy.problems(hers) == [
        'actions.toml: connections.team.connector: "slak" is unknown; did you mean "slack"? (line 2)'
    ]


def test_a_text_of_hers_goes_before_the_shipped_one_and_all_others_stay(hers: Path, tmp_path: Path) -> None:
    (hers / "locales/de.toml").write_text('[texts]\nsubject = "Kurz gefragt"\n', encoding="utf-8")

    complete(hers, tmp_path / "whole")

    assert texts(tmp_path / "whole", "de") == {**texts(SHIPPED, "de"), "subject": "Kurz gefragt"}
    assert policy.problems(hers) == []


def test_a_text_of_hers_that_cannot_be_filled_in_is_told(hers: Path) -> None:
    (hers / "locales/de.toml").write_text('[texts]\nsubject = "{nobody}"\n', encoding="utf-8")

    assert any("locales/de.toml: subject" in problem for problem in policy.problems(hers))


def test_a_file_of_hers_that_is_no_toml_is_told_by_its_line(hers: Path) -> None:
    (hers / "locales/de.toml").write_text('[texts]\nsubject = "\n', encoding="utf-8")

    assert any("locales/de.toml" in problem and "line 2" in problem for problem in policy.problems(hers))


def test_an_empty_file_takes_its_language_away(hers: Path, tmp_path: Path) -> None:
    (hers / "locales/es.toml").write_text("# not offered\n", encoding="utf-8")

    complete(hers, tmp_path / "whole")

    assert not (tmp_path / "whole/locales/es.toml").exists()
    assert policy.problems(hers) == []


def test_a_language_of_hers_must_be_whole(hers: Path) -> None:
    (hers / "locales/pt.toml").write_text('[texts]\nsubject = "Uma pergunta"\n', encoding="utf-8")

    assert any(problem.startswith("locales/pt.toml: ") for problem in policy.problems(hers))


def test_templates_are_hers_and_what_is_not_deployed_stays_at_home(hers: Path, tmp_path: Path) -> None:
    (hers / "templates/web").mkdir(parents=True)
    (hers / "templates/web/notice.html").write_text("hers", encoding="utf-8")
    (hers / "templates/.DS_Store").write_text("of a Mac", encoding="utf-8")
    (hers / "samconfig.toml").write_text("version = 0.1", encoding="utf-8")

    complete(hers, tmp_path / "whole")

    found = {path.name for path in (tmp_path / "whole").rglob("*") if path.is_file()}
    assert "notice.html" in found
    assert found.isdisjoint({".DS_Store", "samconfig.toml"})


def test_a_configuration_that_was_there_is_replaced(hers: Path, tmp_path: Path) -> None:
    (tmp_path / "whole/locales").mkdir(parents=True)
    (tmp_path / "whole/locales/xx.toml").write_text("of an earlier build", encoding="utf-8")

    complete(hers, tmp_path / "whole")

    assert not (tmp_path / "whole/locales/xx.toml").exists()


def test_the_shipped_folder_is_whole_as_it_is() -> None:
    with configuration.completed(SHIPPED) as whole:
        assert whole == SHIPPED


def test_a_folder_that_is_not_there_says_who_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no folder .*nowhere: `afterbill init`"):
        complete(tmp_path / "nowhere", tmp_path / "whole")


def test_the_folder_is_said_once_for_all_commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AFTERBILL_CONFIG", raising=False)
    assert configuration.chosen(None) == SHIPPED

    monkeypatch.setenv("AFTERBILL_CONFIG", str(tmp_path))
    assert configuration.chosen(None) == tmp_path
    assert configuration.chosen(tmp_path / "other") == tmp_path / "other"


def test_where_to_edit_names_the_folder_that_is_deployed(tmp_path: Path) -> None:
    assert configuration.edited(SHIPPED).startswith("layers/config/surveys.toml")
    assert configuration.edited(tmp_path) == f"{tmp_path}/surveys.toml, then `make deploy CONFIG={tmp_path}`"
