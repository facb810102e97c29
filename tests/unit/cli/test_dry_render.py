"""Templates of an operator's own are tried before anything is deployed."""

import shutil
from pathlib import Path

import pytest

from afterbill_cli import dry_render, policy
from afterbill_cli.preview.variants import variants

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ROOT / "layers/core/afterbill/content/mail/templates/survey"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "layers/config", tmp_path / "config")
    return tmp_path / "config"


def put(folder: Path, name: str, text: str) -> list[str]:
    file = folder / "templates" / name
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    return policy.problems(folder)


def test_the_shipped_templates_pass_as_ones_own(folder: Path) -> None:
    shutil.copytree(SHIPPED, folder / "templates" / "mail" / "survey")
    assert policy.problems(folder) == []


@pytest.mark.parametrize(
    "line",
    ['{{ brand["logo"] }}', "{{ name.first }}", "{{ occasion() }}", '{% set k = "nokey" %}{{ t(k) }}', "{{ 1 / 0 }}"],
)
def test_what_fails_when_a_mail_is_written_fails_here(folder: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_render, "variants", lambda folder: variants(folder, ("de", "en")))  # as in all others
    problems = put(folder, "mail/survey/body.txt", (SHIPPED / "body.txt").read_text(encoding="utf-8") + line)
    assert problems
    assert all(problem.startswith("templates/mail: cannot be used in ") for problem in problems)


def test_no_mail_goes_without_subject_numbers_and_objection(folder: Path) -> None:
    assert put(folder, "mail/survey/body.html", "<p>Hello</p>") == [
        "templates/mail: survey/body.html lacks the links of the numbers (answer_url)",
        "templates/mail: survey/body.html lacks the objection link",
    ]


def test_an_empty_subject_is_a_mistake(folder: Path) -> None:
    assert put(folder, "mail/survey/subject.txt", "") == ["templates/mail: survey/subject.txt gives no subject"]


def test_a_page_is_tried_too(folder: Path) -> None:
    (problem, *_) = put(
        folder, "web/thanks.html", '{% extends "page.html" %}{% block main %}{{ answer.no }}{% endblock %}'
    )
    assert problem.startswith("templates/web")
