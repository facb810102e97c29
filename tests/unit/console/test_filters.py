"""The filter bar: addresses lead back to what they say, and whatever is typed is either understood or explained."""

from datetime import date, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.insight.periods import rolling
from afterbill.insight.reports.asked import OWN, ReportRules
from afterbill.insight.reports.requested import window_asked
from afterbill.model.query import QueryError
from afterbill.model.questions import Question
from afterbill_actions.texts import LANGUAGES
from afterbill_console.filters import NAMES, Filters, FiltersError, filters_in, months, others_in
from afterbill_console.roles import Role
from afterbill_console.texts import texts

TODAY = date(2026, 11, 30)
RULES = ReportRules(segments=("account", "customer_age"))
USUAL = Filters(rolling(30, TODAY))

ranges = st.tuples(st.dates(date(2023, 1, 1), TODAY), st.integers(0, 900)).map(
    lambda pair: f"{pair[0]}..{pair[0] + timedelta(days=pair[1])}"
)
windows = st.sampled_from(["7d", "30d", "90d", "365d", "45d", "2026-11", "2025-02"]) | ranges
values = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=100)
scopes = st.dictionaries(st.sampled_from([*OWN, *RULES.segments]), values, max_size=2).map(
    lambda where: tuple(sorted(where.items()))
)
anything = st.builds(
    Filters,
    windows.map(lambda name: window_asked(name, TODAY)),
    st.sampled_from(Question),
    scopes,
    st.none() | windows.map(lambda name: window_asked(name, TODAY)),
)
fields = [*NAMES, "from", "to", "compare_from", "compare_to", "add", "add_dimension", "add_value"]
garbage = st.lists(st.tuples(st.sampled_from(fields), st.text(max_size=150) | windows | st.just("custom")), max_size=8)


def read(query: str) -> Filters:
    return filters_in(parse_qsl(query, keep_blank_values=True), RULES, TODAY)


def wrong(query: str) -> list[tuple[str, str]]:
    with pytest.raises(FiltersError) as error:
        read(query)
    return list(error.value.faults)


@given(anything)
def test_a_link_leads_back_to_what_it_says(filters):
    parts = urlsplit(filters.link("/app/overview"))

    assert parts.path == "/app/overview"
    assert read(parts.query) == filters


@given(anything, st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_a_link_carries_what_belongs_to_the_page(filters, own):
    pairs = parse_qsl(urlsplit(filters.link("/app/drivers", by=own)).query, keep_blank_values=True)

    assert others_in(pairs) == [("by", own)]


@given(garbage)
def test_whatever_is_asked_is_understood_or_explained_in_both_languages(pairs):
    try:
        filters = filters_in(pairs, RULES, TODAY)
    except QueryError as error:
        for language in LANGUAGES:
            for fault in error.wrong:
                assert texts(language)(f"shell.fault_{fault.text}", **{"known": "", **fault.values})
    else:
        assert filters_in(filters.pairs(), RULES, TODAY) == filters


@given(anything, values)
def test_a_value_takes_the_place_of_another_one_and_there_are_never_more_than_two(filters, value):
    within = filters.within("plan", value)

    assert dict(within.where)["plan"] == value
    assert len(within.where) <= 2
    assert read(urlsplit(within.link("/app")).query) == within
    assert "plan" not in dict(within.without("plan").where)


def test_nothing_said_is_the_usual_window():
    assert read("") == read("window=&compare=&where=") == USUAL


class TestTheForm:
    def test_other_days_are_two_fields(self):
        filters = read(
            "window=custom&from=2026-11-01&to=2026-11-20&compare=custom&compare_from=2026-10-01&compare_to=2026-10-05"
        )

        assert filters.window.name == "2026-11-01..2026-11-20"
        assert filters.compared.name == "2026-10-01..2026-10-05"

    def test_a_scope_is_chosen_or_typed(self):
        assert read("add=plan:Team") == read("add_dimension=plan&add_value=Team") == USUAL.within("plan", "Team")

    def test_a_new_value_takes_the_place_of_the_one_of_its_dimension(self):
        assert read("where=plan:Team&where=country:DE&add=plan:Solo").where == (("country", "DE"), ("plan", "Solo"))

    def test_its_fields_are_no_parameters_of_the_page(self):
        form = "window=7d&from=2026-11-01&to=2026-11-20&compare=&compare_from=2026-10-01&add=&by=week"

        assert others_in(parse_qsl(form, keep_blank_values=True)) == [("by", "week")]


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("window=8w", [("window", "window")]),
        ("window=2027-01", [("window", "window")]),
        ("window=9999d", [("window", "window")]),
        ("window=7d&window=30d", [("window", "twice")]),
        ("compare=yesterday", [("compare", "compare")]),
        ("window=custom", [("from", "day"), ("to", "day")]),
        ("window=custom&from=20261101&to=2026-11-31", [("from", "day"), ("to", "day")]),
        ("window=custom&from=2026-11-20&to=2026-11-01", [("window", "days")]),
        ("compare=custom&compare_from=2027-11-20&compare_to=2027-11-21", [("compare", "days")]),
        ("question=mood", [("question", "question")]),
        ("where=plan", [("where", "where")]),
        ("where=plan:", [("where", "where")]),
        ("where=mood:good", [("where", "dimension")]),
        (f"where=plan:{'x' * 101}", [("where", "where_long")]),
        ("where=plan:a&where=plan:b", [("where", "where_twice")]),
        ("where=plan:a&where=country:b&where=brand:c", [("where", "where_many")]),
        ("where=plan:a&where=country:b&add=brand:c", [("where", "where_many")]),
        ("add_value=Team", [("where", "where")]),
        ("add_dimension=plan", [("where", "where")]),
        (
            "window=x&compare=y&question=z&where=q",
            [("window", "window"), ("question", "question"), ("compare", "compare"), ("where", "where")],
        ),
    ],
)
def test_everything_that_is_wrong_is_told_at_once(query, faults):
    assert wrong(query) == faults


def test_the_bar_offers_the_months_of_two_years():
    assert (months(TODAY)[0], months(TODAY)[-1], len(months(TODAY))) == ("2026-11", "2024-12", 24)


def test_a_year_before_a_leap_day_is_the_day_before_it():
    leap = window_asked("2024-02-29..2024-03-02", TODAY)

    assert Filters(leap).year_before == "2023-02-28..2023-03-02"


class TestOnThePage:
    def test_the_form_is_answered_by_the_one_address_of_what_it_asks(self, world):
        ticket = world.sign_in()
        form = "window=custom&from=2026-11-01&to=2026-11-20&compare=&question=nps&where=plan:Team&add=&by=week"
        answer = world.get(f"/app/overview?{form}", ticket)

        assert answer.status == 303
        place = answer.headers["Location"]
        assert place == "/app/overview?window=2026-11-01..2026-11-20&where=plan%3ATeam&by=week"
        assert world.get(place, ticket).status == 200

    def test_a_shared_link_opens_at_once(self, world):
        assert world.get("/app/overview?window=90d&where=plan%3ATeam", world.sign_in()).status == 200

    def test_the_menu_carries_the_filters(self, world):
        page = world.get("/app/overview?window=90d", world.sign_in()).body

        assert 'href="/app/journey?window=90d"' in page
        assert 'href="/app/responses?window=90d"' in page

    def test_a_scope_stands_as_a_chip_with_a_way_to_remove_it(self, world):
        page = world.get("/app/overview?window=90d&where=plan%3A%3Cb%3E", world.sign_in()).body

        assert "<bdi>&lt;b&gt;</bdi>" in page
        assert 'href="/app/overview?window=90d" aria-label="Remove the filter Plan"' in page

    def test_countries_have_their_names(self, world):
        page = world.get("/app/overview?window=90d&where=country%3ADE", world.sign_in()).body

        assert "<bdi>Germany</bdi>" in page

    def test_two_scopes_leave_no_room_for_a_third(self, world):
        page = world.get("/app/overview?window=90d&where=country%3ADE&where=plan%3ATeam", world.sign_in()).body

        assert "add_dimension" not in page

    @pytest.mark.parametrize("window", ["45d", "2020-02", "2026-11-01..2026-11-20"])
    def test_a_window_that_is_not_usual_is_chosen_in_the_bar_too(self, world, window):
        page = world.get(f"/app/overview?window={window}&compare=7d", world.sign_in()).body

        assert page.count(" selected>") == 3

    def test_wrong_filters_are_explained_in_the_operators_language(self, world):
        query = "window=never&question=mood&where=mood:good"
        answer = world.get(f"/app/overview?{query}", world.sign_in(Role.VIEWER, "de"))

        assert answer.status == 400
        assert "„never“ ist kein Zeitraum" in answer.body
        assert "„mood“ ist keine Frage" in answer.body
        assert "plan (Tarif)" in answer.body
        assert "Traceback" not in answer.body
