"""`afterbill policy check`: what is wrong with the words of an operator, before anybody reads them."""

import shutil
from pathlib import Path

import pytest

from afterbill.content.mail import render
from afterbill.content.web import pages
from afterbill_cli.brand_checks import word_problems
from tests.unit.customer_facing import CONFIGURATION


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(CONFIGURATION, tmp_path, dirs_exist_ok=True)
    return tmp_path


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def override(folder: Path, name: str, text: str) -> list[str]:
    file = folder / "templates" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return list(word_problems(folder))


def test_what_is_shipped_has_no_problems(folder: Path) -> None:
    assert list(word_problems(folder)) == []


def test_mistakes_of_all_files_are_told_at_once(folder: Path) -> None:
    edit(folder / "brand.toml", 'company = "Example GmbH"', 'company = ""')
    edit(folder / "locales/de.toml", "question = ", "questoin = ")
    assert override(folder, "mail/survey/subject.txt", "{{ subject }}") == [
        "brand.toml: company is empty",
        'locales/de.toml: "questoin" is unknown; did you mean "question"?',
        'templates/mail/survey/subject.txt: line 1: "subject" is unknown',
    ]


def test_a_reason_that_can_be_chosen_has_a_text_in_every_language(folder: Path) -> None:
    edit(folder / "surveys.toml", "[touchpoints.renewed]\n", '[touchpoints.renewed]\nreasons = ["price", "delivery"]\n')
    (problem,) = word_problems(folder)
    without = 'surveys.toml: reasons: "delivery" has no text reason_delivery in locales/ of '
    assert problem == f"{without}de-informal, de, en, es, fr, it, nl"
    for file in (folder / "locales").glob("*.toml"):
        edit(file, "reason_price = ", 'reason_delivery = "x"\nreason_price = ')
    assert list(word_problems(folder)) == []


@pytest.mark.parametrize(
    "broken", ["", "[defaults]\nreasons = 1", "[touchpoints]\nrenewed = 1", "[[[", "touchpoints = 1"]
)
def test_reasons_of_a_file_that_is_wrong_are_left_to_the_check_of_that_file(folder: Path, broken: str) -> None:
    (folder / "surveys.toml").write_text(broken, encoding="utf-8")
    assert list(word_problems(folder)) == []


def test_a_language_that_is_spoken_needs_its_file(folder: Path) -> None:
    edit(folder / "brand.toml", 'default_locale = "en"', 'default_locale = "pl"')
    edit(folder / "brand.toml", "informal = []", 'informal = ["de", "nl"]')
    assert list(word_problems(folder)) == [
        'brand.toml: default_locale is "pl", but there is no locales/pl.toml',
        'brand.toml: informal says "nl", but there is no locales/nl-informal.toml',
    ]


def test_a_language_and_a_reason_that_are_misspelt_are_told_with_those_that_were_meant(folder: Path) -> None:
    edit(folder / "brand.toml", 'default_locale = "en"', 'default_locale = "dee"')
    edit(folder / "surveys.toml", "[touchpoints.renewed]\n", '[touchpoints.renewed]\nreasons = ["prices"]\n')
    language, reason, *_ = word_problems(folder)
    assert language == ('brand.toml: default_locale is "dee", but there is no locales/dee.toml; did you mean "de"?')
    assert reason.startswith(
        'surveys.toml: reasons: "prices" has no text reason_prices in locales/ of de-informal, de, '
    )
    assert reason.endswith('nl; did you mean "price"?')


def test_a_language_is_named_by_its_tag(folder: Path) -> None:
    shutil.copy(folder / "locales/de.toml", folder / "locales/german.toml")
    shutil.copy(folder / "locales/de.toml", folder / "locales/pt-BR.toml")
    assert list(word_problems(folder)) == [
        "locales/german.toml: a language's file is named by its tag, such as de.toml or pt-BR.toml"
    ]


def test_a_file_that_cannot_be_read_is_told(folder: Path) -> None:
    (folder / "locales/de.toml").write_text("[texts]\nquestion = ?", encoding="utf-8")
    (problem,) = word_problems(folder)
    assert problem.startswith("locales/de.toml: line 2: is no value: a text stands in straight quotes, ")
    assert problem.endswith(": question = ?")


def test_our_own_templates_are_in_order_as_overrides(folder: Path) -> None:
    shutil.copytree(render.TEMPLATES, folder / "templates/mail")
    shutil.copytree(pages.TEMPLATES, folder / "templates/web")
    assert list(word_problems(folder)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\n{% if %}", "line 2: Expected an expression, got 'end of statement block'"),
        ("{{ naem }}", 'line 1: "naem" is unknown; did you mean "name"?'),
        ("{% for x in details %}{{ x }}{{ loop.last }}{% endfor %}{{ range(3) }}{{ brand.company }}", None),
        ("{{ brand.compani }}", 'line 1: brand: "compani" is unknown; did you mean "company"?'),
        ("\n\n{{ name|uper }}", 'line 3: the filter "uper" is unknown; did you mean "upper"?'),
        ("{{ name is defind }}", 'line 1: the test "defind" is unknown; did you mean "defined"?'),
        ("{{ t('questoin') }}", 'line 1: the text "questoin" is unknown; did you mean "question"?'),
        ("{{ t('question_loyalty') }}", None),
        ("{{ t('mail_why') }}", 'line 1: t("mail_why") needs occasion=...'),
        (
            "{{ t('mail_why', occasion=1, occassion=2) }}",
            'line 1: t("mail_why"): "occassion" is unknown; did you mean "occasion"?',
        ),
        (
            "{{ t('privacy' if reminder) }}{{ t('privacy' if reminder else 'zzz') }}",
            'line 1: the text "zzz" is unknown',
        ),
        ("{% block a %}{% endblock %}\n{% block a %}{% endblock %}", "line 2: block 'a' defined twice"),
        ("{% macro m() %}x{% endmacro %}{% set y = 1 %}{% block a %}{{ m() }}{{ y }}{% endblock %}", None),
        ("{{ t() }}", 'line 1: t() takes the key of one text, and values by name: t("mail_intro", occasion=occasion)'),
        ("{{ t(name ~ '_title') }}", None),
        ("{% include 'survey/foot.txt' %}", 'line 1: the template "survey/foot.txt" is unknown'),
    ],
)
def test_a_template_that_would_fail_when_a_mail_is_due_is_told(folder: Path, text: str, expected: str | None) -> None:
    problems = override(folder, "mail/survey/body.txt", text)
    place = "templates/mail/survey/body.txt: "
    if expected:
        (problem,) = problems
        assert problem.startswith(place + expected)
    else:
        assert problems == []


def test_every_page_knows_its_own_variables(folder: Path) -> None:
    assert override(folder, "web/thanks.html", "{{ answer.comment }} {{ answer.text }} {{ draft }}") == [
        'templates/web/thanks.html: line 1: "draft" is unknown',
        'templates/web/thanks.html: line 1: answer: "text" is unknown',
    ]


def test_a_file_that_replaces_nothing_must_be_used(folder: Path) -> None:
    (problem,) = override(folder, "mail/survey/boddy.txt", "{{ brand.company }}")
    assert problem == (
        'templates/mail/survey/boddy.txt: "survey/boddy.txt" is unknown; did you mean "survey/body.txt"?'
    )
    assert override(folder, "mail/zzz.md", "")[-1] == (
        'templates/mail/zzz.md: "zzz.md" is unknown: it replaces no template of ours, and none of yours uses it'
    )
    (folder / "templates/mail/zzz.md").unlink()
    assert override(folder, "mail/survey/body.txt", "{% include 'survey/boddy.txt' %}") == []


def test_a_file_that_is_no_text_is_told(folder: Path) -> None:
    override(folder, "mail/survey/body.txt", "")
    (folder / "templates/mail/survey/body.txt").write_bytes(b"\xff")
    (problem,) = word_problems(folder)
    assert problem == ("templates/mail/survey/body.txt: line 1: is not text in UTF-8: save the file with this encoding")


def test_templates_are_of_two_kinds(folder: Path) -> None:
    (problem,) = override(folder, "mails/survey/body.txt", "")
    assert problem == 'templates: "mails" is unknown; did you mean "mail"?'
