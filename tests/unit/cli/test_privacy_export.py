"""`afterbill privacy export`: as JSON, as a page, and for a request."""

import json
import stat
from dataclasses import replace

import click
import pytest

from afterbill.model.errors import AfterbillError
from afterbill.model.privacy import DEADLINE, PrivacyRequest, RequestKind, RequestState
from afterbill_actions.adapters.effects import EffectsTable
from afterbill_actions.effects import Written
from afterbill_cli import cli, deployed
from afterbill_cli.privacy.deps import now_utc
from afterbill_cli.privacy.export import ExportOptions, export_whom
from tests.contract.scores_table import TABLE
from tests.unit.cli.privacy_people import ADA, ADDRESS, ANONYMOUS, ANSWERED, BOB, COMMENT, GUEST, NUMBER, WHY, hashed
from tests.unit.customer_facing import parse

NOW = now_utc()
REQUEST = PrivacyRequest(
    "5f" * 16,
    RequestKind.EXPORT,
    NOW,
    "source:stripe",
    NOW + DEADLINE,
    customer_ids=frozenset({ADA}),
    state=RequestState.READY,
)


@pytest.fixture
def exported(town, capsys):
    def told(who="", **chosen):
        assert export_whom(town.stack, ExportOptions(who, **({"yes": True, "why": WHY} | chosen)), lambda: NOW) == 0
        return capsys.readouterr()

    return told


@pytest.fixture
def afterbill(town, monkeypatch):
    monkeypatch.setattr(deployed, "connect", lambda _choice: town.stack)
    return cli.main


def test_all_that_is_held_is_exported(exported, town):
    town.object()
    town.object(NUMBER)

    (record,) = json.loads(exported(ADA).out)["records"]

    known = {one["part"]: one["value"] for one in record["profile"]}
    assert (known["address"], known["phone"]) == (ADDRESS, NUMBER)
    assert [one["answer"]["comment"] for one in record["surveys"]] == [COMMENT]
    assert [(one["of"], one["reason"]) for one in record["objections"]] == [
        ("address", "unsubscribed"),
        ("number", "unsubscribed"),
    ]
    assert record["sources"] == [{"source": "stripe", "id": "cus_9", "guest": False}]


def test_nothing_of_others_and_no_keyed_hash_is_in_it(exported):
    said = exported(ADA).out

    for foreign in (BOB, GUEST, "bob@example.com", hashed(ADDRESS), "arn:aws"):
        assert foreign not in said


@pytest.fixture
def ticket(town):
    """Ada's answer became ticket 1042 of the helpdesk."""
    effects = EffectsTable(town.stack.client("dynamodb"), TABLE)
    effects.mark_published(ANSWERED, "1", NOW, NOW + DEADLINE)
    effects.keep_written(
        ANSWERED, "unhappy/helpdesk.ticket", Written("helpdesk", "ticket", "1", NOW, {"ticket": "1042"})
    )


@pytest.fixture
def helpdesk(town):
    """The operator connects a helpdesk."""
    connection = '[connections.helpdesk]\nconnector = "freshdesk"\ndomain = "acme"\n'
    (town.stack.config / "actions.toml").write_text(connection, encoding="utf-8")


@pytest.mark.usefixtures("ticket", "helpdesk")
def test_what_actions_wrote_in_other_systems_is_exported(exported):
    (record,) = json.loads(exported(ADA).out)["records"]

    assert record["surveys"][0]["systems"] == [
        {
            "connection": "helpdesk",
            "system": "Freshdesk",
            "action": "ticket",
            "written_at": f"{NOW:%Y-%m-%dT%H:%M:%SZ}",
            "ids": {"ticket": "1042"},
        }
    ]
    assert {"who": "connected_system", "source": "helpdesk"} in record["recipients"]


@pytest.mark.usefixtures("ticket", "helpdesk")
def test_the_page_names_the_systems_in_the_customers_language(exported):
    page = exported(ADA, form="html").out

    for said in ("Auch in anderen Systemen gespeichert", "Freshdesk (helpdesk), ticket", "ticket 1042"):
        assert said in page


@pytest.mark.usefixtures("ticket")
def test_a_connection_that_is_configured_no_more_is_named_all_the_same(exported):
    (record,) = json.loads(exported(ADA).out)["records"]

    assert [(one["connection"], one["system"]) for one in record["surveys"][0]["systems"]] == [("helpdesk", None)]


def test_who_looks_is_noted_with_the_reason(exported, town):
    exported(ADA)

    assert town.acts() == [("privacy export", (ADA,), WHY)]


def test_several_are_shown_before_and_agreed_to(exported, monkeypatch):
    monkeypatch.setattr(click, "prompt", lambda *_, **__: "no")
    with pytest.raises(click.UsageError, match="nothing was done"):
        exported(ADDRESS, yes=False)

    monkeypatch.setattr(click, "prompt", lambda *_, **__: "yes")
    told = exported(ADDRESS, yes=False)
    assert [one["id"] for one in json.loads(told.out)["records"]] == [ADA, GUEST]
    assert f"customer {GUEST}: a***@example.com, of paddle" in told.err


def test_one_alone_is_exported_without_a_question(exported):
    assert json.loads(exported(ADA, yes=False).out)["records"]


def test_nobody_is_no_error_and_programs_get_a_document_without_records(exported):
    told = exported("cus_404")

    assert json.loads(told.out)["records"] == []
    assert "Nobody is known by this now." in told.err
    assert exported("cus_404", form="html").out == ""


def test_a_survey_of_nobody_is_exported_alone(exported):
    (record,) = json.loads(exported(ANONYMOUS).out)["records"]

    assert record["id"] is None
    assert record["profile"] == []
    assert [one["id"] for one in record["surveys"]] == [ANONYMOUS]


def test_who_is_restricted_is_exported_all_the_same(exported, town):
    town.settle(replace(town.people.person(ADA).customer, restricted_at=NOW))

    (record,) = json.loads(exported(ADA).out)["records"]
    assert record["restricted_at"] == f"{NOW:%Y-%m-%dT%H:%M:%SZ}"


def test_the_page_is_in_the_customers_language(exported):
    page = exported(ADA, form="html").out

    assert parse(page.strip()).one("html").attributes["lang"] == "de"
    assert COMMENT in page


def test_the_page_is_in_another_language_where_that_is_asked_for(exported):
    assert parse(exported(ADA, form="html", language="fr").out.strip()).one("html").attributes["lang"] == "fr"


def test_a_language_without_texts_is_refused_before_anybody_is_looked_at(exported, town):
    with pytest.raises(click.UsageError, match='"xx" is unknown, unlike'):
        exported(ADA, form="html", language="xx")

    assert town.acts() == []


@pytest.mark.parametrize("form", ["json", "html"])
def test_a_file_can_be_read_by_its_owner_alone(exported, tmp_path, form):
    file = tmp_path / "export"
    file.write_text("of before")
    file.chmod(0o644)

    assert exported(ADA, form=form, out=file).out == ""

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert COMMENT in file.read_text(encoding="utf-8")
    assert "of before" not in file.read_text(encoding="utf-8")


def test_copies_of_messages_are_kept_as_long_as_their_bucket_says(exported, town):
    rule = {"ID": "days", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 30}}
    lifecycle = {"Rules": [rule]}
    town.stack.client("s3").put_bucket_lifecycle_configuration(Bucket="evidence", LifecycleConfiguration=lifecycle)

    assert json.loads(exported(ADA).out)["kept_days"]["copies_of_messages"] == 30


def test_a_stack_without_copies_has_no_period_for_them(town, capsys):
    outputs = {name: value for name, value in town.stack.outputs.items() if name != "EvidenceBucketName"}

    export_whom(replace(town.stack, outputs=outputs), ExportOptions(ADA), lambda: NOW)
    assert "copies_of_messages" not in json.loads(capsys.readouterr().out)["kept_days"]


# Requests


def test_the_export_of_a_request_is_fetched_once(exported, town):
    town.requests.keep_request(REQUEST)

    (record,) = json.loads(exported(request=REQUEST.id).out)["records"]

    assert record["id"] == ADA
    assert town.requests.request(REQUEST.id).state is RequestState.DONE
    with pytest.raises(AfterbillError, match="was answered on"):
        exported(request=REQUEST.id)


def test_a_request_about_somebody_who_is_gone_is_done_too(exported, town):
    town.requests.keep_request(replace(REQUEST, customer_ids=frozenset()))

    assert "Nobody is known" in exported(request=REQUEST.id).err
    assert town.requests.request(REQUEST.id).done_at


@pytest.mark.parametrize("kind", [None, RequestKind.ERASE])
def test_another_request_is_none_for_an_export(exported, town, kind):
    if kind:
        town.requests.keep_request(replace(REQUEST, kind=kind))

    with pytest.raises(AfterbillError, match="there is no request"):
        exported(request=REQUEST.id)


def test_either_a_person_or_a_request_is_named(afterbill, capsys):
    assert afterbill(["privacy", "export"]) == 2
    assert afterbill(["privacy", "export", ADA, "--request", "1"]) == 2
    assert "say either WHO or --request ID" in capsys.readouterr().err
    assert afterbill(["privacy", "export", ADA]) == 0
