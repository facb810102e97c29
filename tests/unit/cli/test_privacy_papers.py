"""`afterbill privacy papers`: templates that hold a stack's own values, in two languages that say the same."""

import json
import re
import tomllib
from dataclasses import fields, replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from afterbill.content.brand import brand_of
from afterbill.model.billing import OperatorTask, Touchpoint
from afterbill.model.errors import AfterbillError, ConfigurationError
from afterbill.model.retention import Retention
from afterbill.settings.surveys import policy_of
from afterbill_cli import cli, deployed
from afterbill_cli.deployed import Deployed
from afterbill_cli.privacy.papers import commands, words
from afterbill_cli.privacy.papers.facts import Facts, facts_of, plain
from afterbill_cli.privacy.papers.filling import FIXED, PAPERS, filled, kept
from afterbill_cli.privacy.papers.words import Language, Place
from tests.unit.docs.pages import ROOT, read, table

TODAY = date(2026, 12, 1)
BRAND = """
company = "Acme | Söhne"
product = "Acme"
sender_name = "Acme"
reply_to = "hello@acme.example"
default_locale = "de"
privacy_url = "https://acme.example/privacy"
imprint = '''
Acme GmbH
Musterstraße 1, 10115 Berlin
'''
"""
SHOWY = """
logo_url = "https://acme.example/logo.png"
review_url = "https://reviews.example/acme"
"""
ALL_OF_IT = """
[legal.countries]
US = "nothing"
DE = "consent"

[in_product]
source = "stripe"
origins = ["https://app.acme.example"]

[links.counter]
touchpoint = "support_resolved"

[test]
recipients = ["tester@acme.example"]

[sources.shop]
provider = "paddle"

[sources.books]
provider = "runmyaccounts"
account = "acme"
"""
PARAMETERS = {
    "AlarmEmail": "oncall@acme.example",
    "BehindCloudFront": "true",
    "DeletionProtection": "true",
    "DomainName": "nps.acme.example",
    "EvidenceDays": "9",
    "LogRetentionDays": "14",
    "RecoveryDays": "21",
    "SenderAddress": "erika.mustermann@mail.acme.example",
    "SmsService": "eum",
    "ThrottleRate": "123",
}
BARE = PARAMETERS | {
    "AlarmEmail": "",
    "BehindCloudFront": "false",
    "DeletionProtection": "false",
    "DomainName": "",
    "EvidenceDays": "0",
    "SmsService": "none",
}
OUTPUTS = {"TableName": "acme-Table", "LedgerTableName": "acme-Ledger", "ApiUrl": "https://abc.execute-api.aws"}


def stack_with(config: Path, parameters: dict[str, str], region: str = "eu-central-1") -> Deployed:
    described = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    cloudformation = SimpleNamespace(
        meta=SimpleNamespace(region_name=region),
        describe_stacks=lambda StackName: {"Stacks": [{"StackName": StackName, "Parameters": described}]},  # noqa: N803  # boto3's
    )
    return Deployed("acme", OUTPUTS, lambda _service: cloudformation, config)


def folder(place: Path, surveys: str, brand: str = BRAND) -> Path:
    place.mkdir()
    (place / "surveys.toml").write_text(surveys, encoding="utf-8")
    (place / "brand.toml").write_text(brand, encoding="utf-8")
    return place


SHIPPED = (ROOT / "layers/config/surveys.toml").read_text(encoding="utf-8")
EVERYTHING = SHIPPED.replace('channels = ["mail"]', 'channels = ["in_app", "mail", "sms"]') + ALL_OF_IT
NOTHING = re.sub(r"^\[sources.*", "[sources]\n", SHIPPED, flags=re.MULTILINE | re.DOTALL).replace(
    "ask = true", "ask = false"
)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return folder(tmp_path_factory.mktemp("papers") / "full", EVERYTHING, BRAND + SHOWY)


@pytest.fixture(scope="module")
def full(config: Path) -> Facts:
    stack = stack_with(config, PARAMETERS)
    return facts_of(stack, stack.policy(), brand_of(tomllib.loads(BRAND + SHOWY)), TODAY)


@pytest.fixture(scope="module")
def minimal() -> Facts:
    """Nobody is asked, nothing is connected, and nothing is switched on."""
    stack = stack_with(Path(), BARE)
    return facts_of(stack, policy_of(tomllib.loads(NOTHING)), brand_of(tomllib.loads(BRAND)), TODAY)


def papers(facts: Facts, *languages: Language) -> dict[str, str]:
    return {paper.file: paper.text for language in languages or Language for paper in filled(facts, language)}


def changed(facts: Facts, **of_the_stack: object) -> Facts:
    return replace(facts, stack=replace(facts.stack, **of_the_stack))


def marks(text: str, language: Language) -> list[str]:
    return re.findall(rf"\[{words.GAPS[language]}: ([^\]]+)\]", text)


def outline(text: str) -> list[tuple[int, str]]:
    """The headings by depth and number, and the shape of each table."""
    found = re.findall(r"^(#+) (\d[\d.]*|[AB][\d.]*)?|^\|([-|]+)\|$", text, re.MULTILINE)
    return [(len(depth) or rule.count("|"), number) for depth, number, rule in found]


def pairs(facts: Facts) -> list[tuple[str, str]]:
    written = papers(facts)
    return [tuple(written[f"{paper.names[language]}.md"] for language in Language) for paper in PAPERS]  # type: ignore[misc]  # two languages


def test_every_paper_is_made_in_both_languages(full, minimal):
    names = {f"{paper.names[language]}.md" for paper in PAPERS for language in Language}

    assert len(names) == 2 * len(PAPERS) == 12
    assert set(papers(full)) == set(papers(minimal)) == names


@pytest.mark.parametrize("which", ["full", "minimal"])
@pytest.mark.parametrize("region", ["eu-central-1", "eu-west-2", "us-east-1"])
def test_both_languages_have_the_same_sections_tables_and_gaps(which, region, request):
    for german, english in pairs(changed(request.getfixturevalue(which), region=region)):
        assert outline(german) == outline(english)
        assert len(marks(german, Language.DE)) == len(marks(english, Language.EN)) > 0
        assert german.count("\n| ") == english.count("\n| ")
        assert german.count("\n- ") == english.count("\n- ")


def test_each_says_first_that_it_is_a_template_of_which_stack_and_day(full):
    for language, words_of_it in [
        (Language.DE, ("Vorlage, keine Rechtsberatung", "„acme“", "eu-central-1 (Frankfurt am Main", "01.12.2026")),
        (Language.EN, ("A template, no legal advice", "“acme”", "eu-central-1 (Frankfurt, Germany", "2026-12-01")),
    ]:
        for text in papers(full, language).values():
            assert all(word in text.split("\n\n")[1] for word in words_of_it)


@pytest.mark.parametrize(
    ("file", "missing"),
    [
        ("verarbeitungsverzeichnis.md", "Name und Kontakt, oder warum keiner zu benennen ist"),
        ("verarbeitungsverzeichnis.md", "Ergebnis, Datum und Ablageort der Interessenabwägung"),
        ("verarbeitungsverzeichnis.md", "Ergebnis der Schwellwertanalyse, Datum, Verfasser"),
        ("massnahmen.md", "Datum der letzten Probe, Ergebnis, Abstand"),
        ("kundeninformation.md", "zuständige Aufsichtsbehörde"),
        ("loeschfristen.md", "Umgang mit Einträgen gelöschter Personen"),
        ("auftragsverarbeitung.md", "Fassung und Datum, Ablageort"),
        ("uebermittlungen.md", "Bewertung, Grundlage"),
    ],
)
def test_what_a_stack_cannot_know_is_a_gap(file, missing, full):
    assert missing in marks(papers(full, Language.DE)[file], Language.DE)


def test_the_count_of_gaps_is_told(full):
    for paper in filled(full, Language.EN):
        assert paper.gaps == len(marks(paper.text, Language.EN))


def test_no_address_of_a_person_is_in_them(full):
    text = "\n".join(papers(full).values())

    assert set(re.findall(r"[\w.+-]+@[\w.-]+\w", text)) == {"hello@acme.example"}  # which customers see in every mail


def test_texts_of_the_operator_break_no_table(full):
    german = papers(full)["verarbeitungsverzeichnis.md"]

    assert "| Name | Acme \\| Söhne |" in german
    assert "| Angaben laut Impressum | Acme GmbH; Musterstraße 1, 10115 Berlin |" in german
    assert plain("<b>\n[x](y) `#`*_") == "\\<b\\> \\[x\\](y) \\`\\#\\`\\*\\_"


def test_every_row_of_a_table_has_its_columns(full, minimal):
    for facts in (full, minimal):
        for name, text in papers(facts).items():
            for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
                columns = {len(re.findall(r"(?<!\\)\|", row)) for row in block.splitlines()}
                assert len(columns) == 1, (name, block)


def test_figures_are_those_of_the_stack_and_its_configuration(full):
    periods = Retention(
        responses=timedelta(days=401),
        customers=timedelta(days=502),
        comments=timedelta(days=203),
        visits=timedelta(days=44),
        audit=timedelta(days=730),
    )
    german = papers(replace(full, policy=replace(full.policy, retention=periods)), Language.DE)

    assert all(f"{days} Tage" in german["loeschfristen.md"] for days in (401, 502, 203, 44, 9, 14, 21))
    assert all(f"{days} Tage" in german["verarbeitungsverzeichnis.md"] for days in (401, 502, 203, 44))
    assert all(f"{days} Tage" in german["kundeninformation.md"] for days in (401, 502, 203, 44, 21))
    assert "Aufbewahrung 2 Jahre." in german["massnahmen.md"]
    assert "reicht 21 Tage zurück (Haupttabelle „acme-Table“, zweite Tabelle „acme-Ledger“)" in german["massnahmen.md"]
    assert "auf 123 Aufrufe je Sekunde" in german["massnahmen.md"]


def test_comments_that_are_kept_as_long_as_ratings_are_not_called_shorter(full):
    periods = Retention(comments=timedelta(days=730))
    kept_long = replace(full, policy=replace(full.policy, retention=periods))

    assert "removed earlier" in papers(full)["record-of-processing.md"]
    assert "removed earlier" not in papers(kept_long)["record-of-processing.md"]


def test_what_a_country_demands_is_told_and_a_country_that_demands_nothing_asks_for_a_check(full):
    record = papers(full)["record-of-processing.md"]

    assert "| all others | a consent, or an existing customer who was told |" in record
    assert "| DE | a consent |" in record
    assert "| US | nothing; **the basis must have been checked before:** [please fill in: how and by whom] |" in record


def test_transfers_are_those_that_happen(full, minimal):
    there, none = papers(full)["transfers.md"], papers(minimal)["transfers.md"]

    for recipient in (
        "| mail servers of recipients",
        "by AWS End User Messaging",
        "| API of Paddle (“shop”) | ids of customers, invoices or payments; no answers | when a webhook lacks",
        "| API of Run my Accounts (“books”) | ids of customers, invoices or payments; no answers | on a schedule |",
        "| mailbox for alarms",
        "| Amazon CloudFront",
        "| device of a user of the product",
        "| site for reviews or referrals",
    ):
        assert recipient in there
        assert recipient not in none
    assert "API of Stripe" not in there
    assert "reached at nps.acme.example" in there
    assert "reached at abc.execute-api.aws" in none


def test_text_messages_by_sns_have_their_own_route(full):
    by_sns = papers(changed(full, sms="sns"), Language.EN)

    assert "by Amazon SNS" in by_sns["transfers.md"]
    assert "Amazon SNS (text messages)" in by_sns["processor-agreement.md"]
    assert "with STOP" not in by_sns["notice-to-customers.md"]
    assert "with STOP" in papers(full)["notice-to-customers.md"]


def test_a_region_outside_of_the_eea_is_named_as_such_and_asks_for_its_basis(full):
    assert "**außerhalb des EWR**" in papers(changed(full, region="us-east-1"))["uebermittlungen.md"]
    assert "Angemessenheitsbeschluss" in papers(changed(full, region="eu-west-2"))["uebermittlungen.md"]
    assert "**outside the EEA**" in papers(changed(full, region="xx-new-1"))["transfers.md"]
    assert (words.place_of("eu-north-1"), words.place_of("xx-new-1")) == (Place.EEA, Place.THIRD)


def test_every_touchpoint_has_words_in_both_languages():
    for touchpoint in Touchpoint:
        assert words.touchpoint_name(touchpoint, Language.DE) != words.touchpoint_name(touchpoint, Language.EN)


def test_names_are_listed_as_people_do():
    assert [words.listed(names, "oder") for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a oder b",
        "a, b oder c",
    ]


def test_the_notice_names_the_ways_and_what_the_product_tells(full, minimal):
    there, none = papers(full)["kundeninformation.md"], papers(minimal)["kundeninformation.md"]

    assert "eine kurze Frage per E-Mail, per SMS oder in unserem Produkt. Solche Ereignisse sind: Beginn" in there
    assert "- aus Paddle, Run my Accounts, Stripe und unseren eigenen Systemen: Name" in there
    assert "- aus unserem Produkt: an welchem Tag Sie es zuletzt benutzt haben,\n- beim Öffnen" in there
    assert "eine kurze Frage. Solche Ereignisse sind: derzeit keine. Ihre Antwort ist freiwillig." in none
    assert "- aus unserem Abrechnungssystem: Name" in none
    assert "aus unserem Produkt" not in none


def test_no_blank_is_doubled_and_no_line_left_open(full, minimal):
    for facts in (full, minimal, changed(full, region="us-east-1")):
        for name, text in papers(facts).items():
            assert not re.findall(r"\S  +\S| +$|\n\n\n|[^|] \.", text, re.MULTILINE), name


def test_lengths_of_time_are_told_in_whole_years_where_they_are():
    german, english = words.span_name(Language.DE), words.span_name(Language.EN)

    assert [german(timedelta(days=days)) for days in (1, 90, 365, 730)] == ["1 Tag", "90 Tage", "1 Jahr", "2 Jahre"]
    assert [english(days) for days in (0, 1, 366, 365, 1095)] == ["0 days", "1 day", "366 days", "1 year", "3 years"]


def test_the_table_of_periods_knows_every_store_of_the_documentation_and_no_other():
    described = {row[1] for row in table("docs/data.md", "what")}

    assert {row["store"] for row in kept()["kept"]} == described


def test_periods_that_nobody_chooses_are_those_of_the_code_and_the_template():
    (tasks,) = [one.default for one in fields(OperatorTask) if one.name == "lives"]
    kept_for = set(re.findall(r"MessageRetentionPeriod: (\d+)", read("infra/template.yaml")))
    kept_for -= {"86400"}  # requests for reports, which name nobody

    assert FIXED["tasks"] == tasks
    assert kept_for == {str(int(FIXED["dead_letters"].total_seconds()))}


def test_what_stays_of_a_removed_person_who_never_objected_is_told_to_customers(full):
    german, english = papers(full)["kundeninformation.md"], papers(full)["notice-to-customers.md"]

    assert "even if you have not objected, so that the link to unsubscribe in old messages works" in english
    assert "auch wenn Sie nicht widersprochen haben, damit der Link zum Abmelden in alten Nachrichten wirkt" in german


def test_copies_of_which_nobody_was_learned_outlast_an_erasure_where_copies_are_kept(full, minimal):
    row = "| copies of webhooks that could not be read, or of which nobody was learned |"

    assert f"{row} 9 days |" in papers(full)["retention.md"]
    assert row not in papers(minimal)["retention.md"]


def test_a_row_of_what_the_stack_does_not_have_is_left_out(full, minimal):
    assert "copies of webhooks whose sender is proved" in papers(full)["retention.md"]
    assert "copies of webhooks whose sender is proved" not in papers(minimal)["retention.md"]
    assert "No copies of webhooks are kept" in papers(minimal)["retention.md"]


def test_german_is_written_with_its_own_letters_and_quotes(full, minimal):
    for facts in (full, minimal):
        for text in papers(facts, Language.DE).values():
            words_alone = re.sub(r"\w+\.md", "", text)
            assert not re.findall(r'"|“\w|\b\w*(?:fuer|ueber|loesch|assnahm)\w*', words_alone.replace("aßnahm", ""))


def test_a_stack_of_an_older_version_is_told_so(config):
    older = {key: value for key, value in PARAMETERS.items() if key not in {"RecoveryDays", "ThrottleRate"}}

    with pytest.raises(ConfigurationError, match="no parameter RecoveryDays, ThrottleRate: build and deploy"):
        commands.papers_of(stack_with(config, older), [Language.EN], TODAY)


def test_without_a_folder_they_are_listed(config, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(deployed, "connect", lambda _choice: stack_with(config, PARAMETERS))
    monkeypatch.chdir(tmp_path)

    assert cli.main(["privacy", "papers", "--language", "en"]) == 0
    listed = capsys.readouterr().out.splitlines()

    assert listed[0].split() == ["language", "file", "gaps", "title"]
    assert [line.split()[1] for line in listed[1:]] == [f"{paper.names[Language.EN]}.md" for paper in PAPERS]
    assert list(tmp_path.glob("*.md")) == []


def test_they_are_written_into_a_folder_and_never_over_others(config, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(deployed, "connect", lambda _choice: stack_with(config, PARAMETERS))
    out = tmp_path / "new" / "papers"

    assert cli.main(["privacy", "papers", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {Path(one["path"]) for one in told} == set(out.iterdir())
    assert {one["language"] for one in told} == {"de", "en"}

    (out / "loeschfristen.md").write_text("filled in", encoding="utf-8")
    assert cli.main(["privacy", "papers", "--out", str(out)]) == 2
    assert "add --force" in capsys.readouterr().err
    assert (out / "loeschfristen.md").read_text(encoding="utf-8") == "filled in"

    assert cli.main(["privacy", "papers", "--out", str(out), "--force"]) == 0
    assert (out / "loeschfristen.md").read_text(encoding="utf-8").startswith("# Löschfristen")


def test_nothing_is_written_where_one_is_there(full, tmp_path):
    made = list(filled(full, Language.EN))
    (tmp_path / made[-1].file).touch()

    with pytest.raises(AfterbillError, match=made[-1].file):
        commands.write(made, tmp_path, replace=False)
    assert [path.name for path in tmp_path.glob("*.md")] == [made[-1].file]
