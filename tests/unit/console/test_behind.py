"""The answers behind a figure: a link opens as many as the figure counts, and the same ones."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from afterbill.answers.read_responses import Brief
from afterbill.insight.archive.rows import row_of
from afterbill.insight.reports.asked import ReportRules
from afterbill.model.invitation import Invitation
from afterbill.model.query import QueryError
from afterbill_console.behind import answers_of
from afterbill_console.links import answers_link, product_link
from afterbill_console.people.asked import Wanted, wanted_in
from afterbill_console.people.dimensions import holds, may_hold
from afterbill_console.people.feed import read_feed
from afterbill_console.people.handling import Handled
from afterbill_console.roles import Role
from afterbill_dev.console.world import NOW, ZONE, World
from tests.unit.console.pages import EN, opened, report
from tests.unit.console.test_links import visit_of

TODAY = NOW.date()
RULES = ReportRules(segments=("size", "tag"))


def counted(world: World, link: str) -> int:
    """The answers that the feed has at this address, with those of customers whose data are restricted."""
    wanted, found = wanted_in(parse_qsl(urlsplit(link).query), TODAY, world.rules), 0
    while True:
        page = read_feed(wanted, world.people.answers, lambda one: one)
        found += len(page.answers) + page.left_out
        if page.next is None:
            return found
        wanted = replace(wanted, place=page.next)


def figures(world: World, query: str) -> Iterator[tuple[dict, str]]:
    """Each row of the segments, with the address of its answers."""
    pairs = [tuple(pair) for pair in parse_qsl(query)]
    visit = visit_of(world, Role.ANALYST, *pairs)
    where = tuple(tuple(text.split(":")) for name, text in pairs if name == "where")
    for row in report(world, "segments", dict(pairs)["window"], where=where)["rows"]:
        yield row, answers_of(visit, row["dimension"], row["value"])


@pytest.mark.parametrize("query", ["window=365d", "window=30d", "window=90d&where=plan:Team"])
def test_every_figure_of_the_segments_opens_as_many_answers_as_it_counts(world, query):
    opened_by = {(row["dimension"], row["value"]): (row["n"], link) for row, link in figures(world, query)}

    assert {name for name, _ in opened_by} >= {"channel", "locale", "payment_method", "reason", "stage", "touchpoint"}
    assert {scope: n for scope, (n, _) in opened_by.items()} == {
        scope: counted(world, link) for scope, (_, link) in opened_by.items()
    }


def test_every_product_opens_as_many_answers_as_it_counts(world):
    page = opened(world, "/app/revenue?window=365d&view=products", Role.ADMIN)
    links = [link for link in page.links if "&product=" in link]

    assert len(links) == len(page.rows("products-table"))
    assert [EN.count(counted(world, link)) for link in links] == [
        cells[2].split(" ")[0] for cells in page.rows("products-table")
    ]


def test_a_product_whose_name_no_address_holds_leads_nowhere(world):
    visit = visit_of(world, Role.ANALYST)

    assert product_link(visit, "a" * 201) is None
    assert product_link(visit, "a\x07b") is None
    assert product_link(visit_of(world, Role.VIEWER), "Article 7") is None


def test_a_name_that_means_something_else_in_the_feed_leads_nowhere(world):
    assert answers_of(visit_of(world, Role.ANALYST), "tag", "vip") is None


def test_a_figure_opens_the_answers_of_its_question_whatever_their_score(world):
    link = answers_link(visit_of(world, Role.ANALYST))

    wanted = wanted_in(parse_qsl(urlsplit(link).query), TODAY, world.rules)
    assert (wanted.tab, wanted.selection.equal, wanted.counted) == ("all", {"question": "nps"}, True)


# What counts


def wanted(rules: ReportRules = RULES, **asked: str) -> Wanted:
    return wanted_in([("tab", "all"), *asked.items()], TODAY, rules)


def brief_of(one: Invitation) -> Brief:
    reason = {"reason": one.answer.reason} if one.answer.reason else {}
    return Brief(one.id, "", one.answer.rating, {**one.segments, **reason}, one.answer.confirmed)


def listed(one: Invitation, wanted: Wanted) -> bool:
    return wanted.may(brief_of(one)) and wanted.takes(Handled(one))


@pytest.fixture
def one(world) -> Invitation:
    return next(one for one in world.facts if one.answer and one.answer.confirmed and one.products)


def test_an_anonymous_answer_is_no_part_of_a_figure(one):
    anyone = replace(one, segments={**one.segments, "anonymous": "page"})

    assert (listed(anyone, wanted()), listed(anyone, wanted(counted="1"))) == (True, False)
    assert not wanted(counted="1").takes(Handled(anyone))


def test_unconfirmed_answers_are_a_part_where_the_rules_say_so(one):
    tapped = replace(one, answer=replace(one.answer, confirmed=False))

    assert listed(tapped, wanted(counted="1"))
    assert not listed(tapped, wanted(ReportRules(unconfirmed=False), counted="1"))
    assert listed(tapped, wanted(ReportRules(unconfirmed=False)))


def test_a_declared_dimension_is_a_filter_of_the_feed(one):
    large = replace(one, segments={**one.segments, "size": "large"})

    assert listed(large, wanted(size="large"))
    assert not listed(one, wanted(size="large"))
    with pytest.raises(QueryError):
        wanted(ReportRules(), size="large")


def test_a_declared_dimension_takes_the_place_of_no_other_parameter(one):
    assert not listed(replace(one, segments={**one.segments, "tag": "vip"}), wanted(tag="vip"))


def test_what_is_not_known_can_be_listed(one):
    bare = replace(one, segments={}, answer=replace(one.answer, reason=""))

    assert listed(bare, wanted(plan="unknown", reason="none", payment_method="unknown", size="unknown"))
    assert not listed(one, wanted(plan="unknown"))


DIMENSIONS = ("touchpoint", "stage", "source", "channel", "plan", "country", "locale", "payment_method", "reason")


@pytest.mark.parametrize("segments", [{}, {"source": " shop ", "plan": "x" * 150}, {"stage": "  ", "channel": "sms"}])
def test_an_answer_has_the_values_that_the_archive_has(one, segments):
    kept = replace(one, segments=segments, answer=replace(one.answer, reason="price"))
    archived = row_of(kept, ZONE, "")

    for name in DIMENSIONS:
        assert holds(kept, name, archived[name] or "unknown"), name
        assert may_hold(brief_of(kept), name, archived[name] or "unknown"), name


def test_nobody_is_looked_for_who_was_removed(one):
    gone = replace(one, segments={**one.segments, "removed": "yes"})

    assert listed(gone, wanted(stage=one.stage, touchpoint=str(one.touchpoint)))
    assert not wanted(plan=one.segments["plan"]).may(brief_of(gone))
    assert not wanted(product=one.products[0]).takes(Handled(gone))
