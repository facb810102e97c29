"""What the legal basis means for surveys, said before anything is sent and where nothing is."""

from datetime import UTC, datetime
from typing import Any

import pytest

from afterbill.adapters.dynamodb.items import encode
from afterbill.adapters.dynamodb.table import TableReader
from afterbill.adapters.dynamodb.tallies import score_item
from afterbill.adapters.dynamodb.tasks import TasksTable
from afterbill.insight.nps import Tally
from afterbill.insight.tally import Score
from afterbill.model.billing import OperatorTask
from afterbill.model.channels import Channel
from afterbill.model.consent import PRESETS, Legal, Need
from afterbill.model.customer import Customer
from afterbill.outreach.first_skips import ALL
from afterbill_cli import tasks
from afterbill_cli.legal_basis import outlook, silence
from afterbill_console.adapters.health.legal_basis import skipped_since
from afterbill_console.health.findings import Verdict
from tests.contract.scores_table import TABLE
from tests.factories import NOON, rule
from tests.unit.cli.stacks_under_test import NOW, findings, stack_under_test

STRICT, RELAXED = PRESETS["strict"], PRESETS["relaxed"]
CONSENT = {"consent_at": "2026-05-01", "consent_text": "Yes, ask me."}
SKIPPED = "and this webhook brings none: skipped as no_basis when due, unless one is on record by then"
UNSEEN = "what your stack has on record is not looked at (`afterbill explain ID`)"


def said(legal: Legal, country: str | None = None, *channels: Channel, **attributes: str) -> str:
    asked = rule(channels=channels or (Channel.MAIL,))
    return outlook(Customer("c1", country=country, attributes=attributes), asked, legal, NOON)


class TestOutlook:
    def test_strict_sends_nothing_to_whom_nothing_is_known_of(self) -> None:
        assert said(STRICT).startswith(f"strict asks for a consent or a notice, {SKIPPED}; {UNSEEN}; docs/")

    def test_a_consent_or_a_notice_meets_it(self) -> None:
        assert said(STRICT, **CONSENT) == "strict asks for a consent or a notice: met by the consent of 2026-05-01"
        assert said(STRICT, notice_at="2026-01-01").endswith("met by the notice of 2026-01-01")

    def test_a_country_may_ask_for_more(self) -> None:
        legal = Legal(Need.NOTHING, {"DE": Need.CONSENT})
        assert said(legal, "DE").startswith(f"[legal.countries] DE asks for a consent, {SKIPPED}")
        assert said(legal, "FR").startswith("relaxed needs no legal basis: check yourself whether the law lets you ask")
        assert said(legal).startswith(f"relaxed for an unknown country asks for a consent, {SKIPPED}")

    def test_who_took_a_consent_back_is_not_asked_where_nothing_is_needed_either(self) -> None:
        assert SKIPPED in said(RELAXED, **CONSENT, consent_withdrawn_at="2026-06-01")

    def test_inside_the_product_nothing_is_needed(self) -> None:
        assert "nothing is needed inside the product" in said(STRICT, None, Channel.IN_APP, Channel.MAIL)


class TestSilence:
    def test_skipped_surveys_are_named_with_their_source(self) -> None:
        since = {"stripe": datetime(2026, 11, 20, tzinfo=UTC), "shop": datetime(2026, 11, 21, tzinfo=UTC)}
        assert "surveys of shop (since 2026-11-21), stripe (since 2026-11-20) are skipped" in silence(STRICT, since)

    def test_before_the_first_the_preset_is(self) -> None:
        assert '[legal] preset = "strict" asks no customer without' in silence(STRICT, {})

    def test_where_nothing_is_needed_the_basis_explains_nothing(self) -> None:
        assert silence(RELAXED, {}) == ""


def keep(dynamodb: Any, source: str) -> None:
    task = OperatorTask(source, "no_basis", ALL, NOON, details={"touchpoint": "renewed"})
    assert TasksTable(dynamodb, TABLE).keep_task(task, "", NOON)


def test_the_sources_whose_surveys_are_skipped_are_found_with_their_first_day(stack: Any) -> None:
    dynamodb = stack.client("dynamodb")
    keep(dynamodb, "stripe")
    keep(dynamodb, "campaigns")
    assert skipped_since(TableReader(dynamodb, TABLE), ["stripe", "events"]) == {"stripe": NOON, "campaigns": NOON}


def test_the_task_says_what_to_do(stack: Any, capsys: pytest.CaptureFixture[str]) -> None:
    keep(stack.client("dynamodb"), "campaigns")
    assert tasks.show(stack, as_json=False) == 0
    told = capsys.readouterr().out
    assert told.startswith("campaigns no_basis all: since 2026-11-22 its surveys are skipped")
    assert "docs/legal-basis.md" in told
    assert tasks.done(stack, "campaigns", "no_basis", "all") == 0


class TestDoctor:
    SENT = Score("all", "all", "7d", Tally(sent=12), None, NOW)

    def examined(self, config: Any, *, skipped: bool, sent: bool) -> Any:
        kept = encode({"pk": "TASK#stripe", "source": "stripe", "occurred_at": NOW.isoformat()})
        rows = {"Items": [score_item(self.SENT)] if sent else []}
        answers = {
            "BatchGetItem": lambda asked: {"Responses": {name: [kept] * skipped for name in asked["RequestItems"]}},
            "Query": lambda asked: (
                rows if asked["ExpressionAttributeValues"][":pk"] == {"S": "SCORE#all"} else {"Items": []}
            ),
        }
        (finding,) = findings(stack_under_test(config, answers), "legal basis")
        return finding

    def test_nothing_sent_and_surveys_skipped_is_a_problem(self, config: Any) -> None:
        finding = self.examined(config, skipped=True, sent=False)
        assert finding.verdict is Verdict.WARN
        assert finding.text.startswith("strict: nothing was sent for a week, and surveys of stripe (since ")
        assert "consents or notices" in finding.remedy

    def test_some_sent_and_some_skipped_is_in_order(self, config: Any) -> None:
        finding = self.examined(config, skipped=True, sent=True)
        assert (finding.verdict, "12 sent in a week; without a basis" in finding.text) == (Verdict.OK, True)

    @pytest.mark.parametrize("sent", [True, False])
    def test_nothing_skipped_is_in_order(self, config: Any, *, sent: bool) -> None:
        finding = self.examined(config, skipped=False, sent=sent)
        assert (finding.verdict, "no survey was skipped" in finding.text) == (Verdict.OK, True)

    def test_where_nothing_is_needed_nothing_is_looked_at(self, config: Any) -> None:
        surveys = config / "surveys.toml"
        surveys.write_text(surveys.read_text().replace('preset = "strict"', 'preset = "relaxed"'))
        finding = self.examined(config, skipped=True, sent=False)
        assert (finding.verdict, finding.text.startswith("relaxed: no legal basis is needed")) == (Verdict.OK, True)
