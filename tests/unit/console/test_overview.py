"""The overview: every figure is that of the report, and of a recount in plain Python over the seeded facts."""

import html
import re
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from math import sqrt

import pytest

from afterbill.insight.archive.rows import row_of
from afterbill.insight.ports import Asking
from afterbill_console.roles import Role
from afterbill_console.shorten import shortened
from afterbill_dev.console.world import NOW, ZONE, World
from tests.unit.console.conftest import computed
from tests.unit.insight.reports.plain_recount import counted, sent_in
from tests.unit.insight.reports.worth_world import amount_of, is_gone, one_each

PAGE = "/app/overview"
TODAY = NOW.astimezone(ZONE).date()
WINDOWS = {"7d": 7, "30d": 30, "90d": 90, "365d": 365}
SPACE = "\N{NO-BREAK SPACE}"


@cache
def rows() -> list[dict]:
    return [row_of(one, ZONE, "") for one in computed().facts]


def days(length: int) -> tuple[date, date]:
    return TODAY - timedelta(days=length - 1), TODAY


def answers(length: int) -> list[dict]:
    found = counted(rows(), *days(length), "nps")
    return sorted(found, key=lambda row: (row["answered_at"], row["id"]))


def text_of(body: str) -> str:
    """Return what people read, on one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).replace(SPACE, " ").split())


def page(world: World, query: str = "window=365d", role: Role = Role.ADMIN, language: str = "en") -> str:
    answer = world.get(f"{PAGE}?{query}", world.sign_in(role, language))
    assert answer.status == 200
    return answer.body


def said(world: World, window: str) -> dict:
    return world.reports.load(f"reports/overview/nps/{window}.json")["scopes"][""]


def whole(number: float) -> str:
    """Return a number as English writes it: halves away from zero, a real minus."""
    near = int(abs(number) + 0.5) * (1 if number >= 0 else -1)
    return f"{near:,}".replace("-", "\N{MINUS SIGN}")


def percent(share: float) -> str:
    return f"{int(100 * share + 0.5)} %"


def interval(ratings: list[int]) -> tuple[float, float]:
    """The adjusted Wald interval (Rocks 2016): three answers more, a quarter and a half of them in each group."""
    n = len(ratings) + 3
    good = sum(rating >= 9 for rating in ratings) + 0.75
    bad = sum(rating <= 6 for rating in ratings) + 0.75
    mean = (good - bad) / n
    margin = 1.959964 * sqrt((good + bad) / n - mean**2) / sqrt(n)
    return 100 * (mean - margin), 100 * (mean + margin)


@pytest.mark.parametrize("window", WINDOWS)
class TestRecount:
    def test_score_interval_and_answers(self, world, window):
        ratings = [row["rating"] for row in answers(WINDOWS[window])]
        text = text_of(page(world, f"window={window}"))

        if len(ratings) < 10:
            assert "Fewer than 10 answers" in text
            return
        score = 100 * (sum(r >= 9 for r in ratings) - sum(r <= 6 for r in ratings)) / len(ratings)
        low, high = interval(ratings)
        assert f"Recommendation (NPS) {whole(score)} {len(ratings)} answers" in text
        assert f"95 % between {whole(low)} and {whole(high)}" in text

    def test_response_rate(self, world, window):
        sent = sent_in(rows(), *days(WINDOWS[window]), "nps")
        answered = sum(row["rating"] is not None for row in sent)
        text = text_of(page(world, f"window={window}"))

        assert f"{percent(answered / len(sent))} responded" in text
        assert f"Surveys sent {len(sent):,}" in text

    def test_distribution_and_its_groups(self, world, window):
        given = Counter(row["rating"] for row in answers(WINDOWS[window]))
        body = page(world, f"window={window}")

        table = re.search(r'aria-label="Distribution of the ratings".*?<tbody>(.*?)</tbody>', body, re.DOTALL)[1]
        counts = [[text_of(cell) for cell in re.findall(r"<td>(.*?)</td>", row)] for row in table.split("</tr>")[:11]]
        n = given.total()
        assert counts == [[str(given[rating]), percent(given[rating] / n)] for rating in range(11)]
        bad = sum(given[rating] for rating in range(7))
        assert f"Detractors (0 to 6): {bad}, {percent(bad / n)}" in text_of(body)

    def test_steps_to_an_answer(self, world, window):
        first, last = days(WINDOWS[window])
        facts = [row for row in rows() if first <= row["fact_day"] <= last]
        sent = [row for row in facts if row["sent_day"]]
        answered = [row for row in sent if row["rating"] is not None]
        eligible = [row for row in facts if row["skip_reason"] != "not_asked"]
        text = text_of(page(world, f"window={window}"))

        assert f"Of {len(sent):,} surveys about these days, {len(answered):,} were answered" in text
        for name, part in (("Occasions to ask", facts), ("Could be asked", eligible), ("Sent", sent)):
            assert f"{name} {len(part):,} · {percent(len(part) / len(facts))}" in text

    def test_revenue_at_risk(self, world, window):
        staying, leaving, customers, unknown = 0, 0, 0, 0
        for answer in one_each(answers(WINDOWS[window])):
            if answer["rating"] > 6:
                continue
            amount = amount_of(rows(), answer)
            mine = [row for row in rows() if row["customer_id"] == answer["customer_id"]]
            if amount is None:
                unknown += 1
            elif is_gone(sorted(mine, key=lambda row: row["occurred_at"])):
                leaving += amount[0]
            else:
                staying, customers = staying + amount[0], customers + 1
        text = text_of(page(world, f"window={window}"))

        if customers:
            assert f"Revenue at risk €{staying / 100:,.2f} a month from {customers} unhappy customer" in text
        assert f"Of {unknown} more unhappy customer" in text or not unknown
        assert f"€{leaving / 100:,.2f} a month." in text or not leaving

    def test_each_period_of_the_trend(self, world, window):
        body = page(world, f"window={window}")
        report = said(world, window)

        table = re.search(r'aria-label="The score over time".*?<tbody>(.*?)</tbody>', body, re.DOTALL)[1]
        shown = [[text_of(cell) for cell in re.findall(r"<td>(.*?)</td>", row)] for row in table.split("</tr>")[:-1]]
        begins = [date.fromisoformat(row["value"]) for row in report["rows"]]
        for begin, row, cells in zip(begins, report["rows"], shown, strict=True):
            last = begin + timedelta(days=row["days"] - 1)
            ratings = [one["rating"] for one in counted(rows(), begin, last, "nps")]
            assert cells[2] == str(len(ratings))
            score = 100 * (sum(r >= 9 for r in ratings) - sum(r <= 6 for r in ratings)) / max(len(ratings), 1)
            assert cells[0].removesuffix(" few answers") == (whole(score) if len(ratings) >= 10 else "–")


class TestReport:
    def test_real_differences_are_those_of_the_report_with_score_interval_and_answers(self, world):
        text = text_of(page(world))
        real = said(world, "365d")["differences"]["rows"]

        assert real
        for row in real:
            assert f"{whole(row['difference'])} points against the others" in text
            assert f"Score {whole(row['score'])} · {row['n']} answers · 95 % between {whole(row['low'])}" in text

    def test_what_is_not_real_is_called_so(self, world):
        assert "No real change Too few answers to compare anything" in text_of(page(world, "window=7d"))
        nothing = {"rows": [], "more": 0, "comparisons": 4}
        shown = self._changed(world, changes=nothing, differences=nothing)

        assert "No real change None of 8 comparisons can be told from chance." in text_of(shown)

    def test_a_real_change_of_the_window_is_among_the_real_ones(self, world):
        total = said(world, "90d")["total"]
        text = text_of(page(world, "window=90d"))

        assert total["real"]
        assert f"2 Sep – 30 Nov 2026 {whole(total['change'])} points" in text

    @pytest.mark.parametrize(
        ("change", "said_so"),
        [
            ({"change": 12.4, "p": 0.001, "real": True}, "The score rose by 12 points compared with 2–31 Oct 2026"),
            ({"change": -1.0, "p": 0.001, "real": True}, "The score fell by 1 point compared with"),
            ({"change": -9.0, "p": 0.3, "real": False}, "No real change compared with"),
            ({"change": 3.0, "p": None, "real": False}, "no change can be told"),
            ({"score": None, "change": None, "why": "few_answers", "because": ""}, "Too few answers for a score"),
        ],
    )
    def test_the_title_of_the_trend_says_the_finding(self, world, change, said_so):
        shown = self._changed(world, total=change)

        assert said_so in text_of(shown)

    def test_a_real_change_of_a_period_stands_before_the_differences(self, world):
        row = {"value": "2026-11-02", "days": 7, "n": 40, "score": -5.0, "low": -20.0, "high": 10.0, "change": -30.0}
        shown = text_of(self._changed(world, changes={"rows": [row], "more": 3, "comparisons": 6}))

        assert "4 real changes" in shown, "one that is listed, and three more"
        assert "2–8 Nov 2026 −30 points" in shown

    def test_a_whole_month_is_called_by_its_name(self, world):
        row = {"value": "2026-10-01", "days": 31, "n": 40, "score": -5.0, "low": -20.0, "high": 10.0, "change": 30.0}
        shown = self._changed(world, by="month", changes={"rows": [row], "more": 0, "comparisons": 6})

        assert "One real change" in text_of(shown)
        assert "October 2026 +30 points" in text_of(shown)

    def test_older_revenue_says_when_it_was_computed(self, world):
        parts = {"trend": NOW.isoformat(), "revenue": (NOW - timedelta(hours=9)).isoformat()}

        assert text_of(self._changed(world, parts=parts)).count("Computed 30 Nov 2026, 01:30.") == 1

    def test_revenue_that_is_not_there_yet_says_so(self, world):
        assert "it comes with the next night" in self._changed(world, revenue=None)

    def test_without_an_amount_nothing_is_called_at_risk(self, world):
        risk = {"customers": 0, "recurring_minor": None, "lost_customers": 0, "without_amount": 7, "why": "no_amounts"}
        left = [{"currency": "SEK", "customers": 2, "minor": 50_000, "why": "no_rate"}]
        revenue = {"currency": "EUR", "customers": 7, "without_rate": left, "rows": [], "at_risk": risk}
        shown = text_of(self._changed(world, revenue=revenue))

        assert "Revenue at risk – No recurring amount is known" in shown
        assert "Of 7 more unhappy customers no amount is known." in shown
        assert "SEK 500.00 of 2 customers" in shown

    def test_a_scope_of_which_coverage_says_nothing_has_no_steps(self, world):
        assert "could have been asked" in self._changed(world, funnel=None)

    def test_imported_answers_are_named(self, world):
        assert "Of these imported 3" in text_of(self._changed(world, total={"imported": 3}))

    def _changed(self, world: World, total: dict | None = None, **body) -> str:
        """Return the page of a month whose stored report says something else."""
        document = world.reports.load("reports/overview/nps/30d.json")
        scope = {**document["scopes"][""], **body}
        scope["total"] = {**scope["total"], **(total or {})}
        world.reports.documents = {"reports/overview/nps/30d.json": {**document, "scopes": {"": scope}}}
        return page(world, "window=30d")


class TestStates:
    def test_days_without_an_answer_say_so(self, world):
        page(world, "window=2025-01-01..2025-01-20")
        shown = text_of(page(world, "window=2025-01-01..2025-01-20"))

        assert "Nobody answered in these days." in shown
        assert "NPS) –" in shown

    def test_a_report_that_is_not_there_is_being_computed_and_the_page_looks_again(self, world, monkeypatch):
        monkeypatch.setattr(world.reports, "load", lambda _: None)
        monkeypatch.setattr(world.reports, "ask", lambda *_: Asking.ASKED)
        answer = world.get(PAGE, world.sign_in())

        assert "being computed" in answer.body
        assert answer.headers["Refresh"]
        assert "<figure" not in answer.body

    def test_an_old_report_shows_its_time(self, world):
        shown = world.reports.load("reports/overview/nps/30d.json")
        old = {**shown, "computed_at": (NOW - timedelta(days=3)).isoformat()}
        world.reports.documents = {"reports/overview/nps/30d.json": old}
        text = text_of(page(world, "window=30d"))

        assert "Computed 27 Nov 2026, 10:30. That is longer ago than usual" in text

    @pytest.mark.parametrize("why", ["failed", "not_archived", "no_such_value"])
    def test_a_report_that_says_nothing_gives_the_reason_alone(self, world, why):
        shown = world.reports.load("reports/overview/nps/30d.json")
        body = {"rows": [], "why": why, "because": "…"}
        world.reports.documents = {"reports/overview/nps/30d.json": {**shown, "scopes": {"": body}}}
        text = page(world, "window=30d", language="de")

        assert "<figure" not in text
        assert re.search(r'class="note">[^<]{20,}</p>', text)

    def test_a_filter_holds_for_every_figure(self, world):
        plan = "Team"
        mine = [row for row in answers(365) if row["plan"] == plan]
        shown = text_of(page(world, f"window=365d&where=plan:{plan}"))

        assert f"{len(mine)} answers" in shown
        assert f"where=plan%3A{plan}" in page(world, f"window=365d&where=plan:{plan}")

    def test_another_question_has_shares_and_no_net_score(self, world):
        report = world.reports.load("reports/overview/nps/365d.json")
        of_csat = {**report, "question": "csat"}
        world.reports.documents = {"reports/overview/csat/365d.json": of_csat}
        shown = text_of(page(world, "window=365d&question=csat"))

        assert "are favourable," in shown
        assert "Unfavourable (1 to 2):" in shown

    def test_a_question_that_nobody_was_asked_says_so(self, world):
        shown = text_of(page(world, "window=365d&question=ces"))

        assert "Revenue at risk – Nobody answered in these days." in shown
        assert "Nothing happened in these days that anybody could have been asked about." in shown

    def test_german_is_german_throughout(self, world):
        shown = text_of(page(world, language="de"))

        assert "Promotoren minus" in shown
        assert "Umsatz in Gefahr" in shown
        assert not re.search(r"\b(answers|promoters|Score|the|and)\b", shown.split("Neueste Antworten", maxsplit=1)[0])


class TestNewest:
    def test_the_last_five_answers_stand_there_with_rating_touchpoint_and_time(self, world):
        body = page(world)
        restricted = {id_ for id_, one in world.table.people.items() if one.restricted_at}
        last = [row["id"] for row in reversed(answers(365)) if row["customer_id"] not in restricted]

        assert re.findall(r'href="/app/responses/([0-9a-f]+)"', body) == last[:5]

    def test_a_viewer_reads_no_comment_and_no_link_to_one(self, world):
        body = page(world, role=Role.VIEWER)

        assert "/app/responses" not in body
        assert "Newest answers" not in body
        assert not any(one.answer and one.answer.comment and one.answer.comment in body for one in computed().facts)

    def test_nobody_is_named(self, world):
        body = page(world, role=Role.ANALYST)

        assert not any(one.customer_id in body for one in computed().facts if one.customer_id)

    def test_what_is_gone_or_restricted_is_left_out(self, world):
        ids = said(world, "365d")["newest"]
        gone, restricted = ids[0], world.table.invitations[ids[1]].customer_id
        world.table.invitations = {id_: one for id_, one in world.table.invitations.items() if id_ != gone}
        world.table.people[restricted] = replace(world.table.people[restricted], restricted_at=NOW)
        shown = re.findall(r'href="/app/responses/([0-9a-f]+)"', page(world))

        hidden = {id_ for id_, one in world.table.people.items() if one.restricted_at}
        assert restricted in hidden
        assert shown == [id_ for id_ in ids[1:] if world.table.invitations[id_].customer_id not in hidden][:5]

    def test_a_long_comment_is_cut_between_two_words(self):
        assert shortened("one two three", 9) == "one two…"
        assert shortened("x" * 30, 9) == "xxxxxxxx…"
        assert shortened("a\nb", 9) == "a b"


class TestCosts:
    @pytest.mark.parametrize("query", ["window=30d", "window=365d", "window=45d", "window=365d&where=plan:Team"])
    def test_it_takes_three_reads_at_most(self, world, monkeypatch, query):
        page(world, query)
        page(world, query)
        reads = Counter()
        for place, name in (
            (world.sessions, "load"),
            (world.reports, "load"),
            (world.people.answers, "read"),
            (world.people.answers, "answered"),
        ):
            monkeypatch.setattr(type(place), name, counting(reads, getattr(type(place), name)))
        page(world, query)

        assert reads.total() <= 3

    @pytest.mark.parametrize("window", WINDOWS)
    def test_it_weighs_less_than_60_kb(self, world, window):
        assert len(page(world, f"window={window}", language="de").encode()) < 40_000


def counting(reads: Counter, method):
    def counted_call(self, *given, **named):
        reads[method.__qualname__] += 1
        return method(self, *given, **named)

    return counted_call
