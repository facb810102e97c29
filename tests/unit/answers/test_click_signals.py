"""Clicks of people, and the signals against clicks of machines."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterbill.answers import click_clusters, click_signals
from afterbill.answers.click_signals import Signal, judge
from afterbill.model.visits import MOST_VISITS, Integrity, Kind, Visit
from tests.factories import DAY, HOUR, MINUTE, NOON, SECOND

RULES = Integrity()
HOME, GATEWAY, OFFICE = ("home", "safari"), ("gateway", "chrome"), ("office", "firefox")
FETCHER = ("fetcher", "other")


def visit(kind, rating=None, after=0.0, who=HOME, **changes):
    network, family = who
    return Visit(NOON + timedelta(seconds=after), kind, rating, network, family, **changes)


def opened(rating, after=0.0, who=HOME, **changes):
    return visit(Kind.OPENED, rating, after, who, **changes)


def clicked(rating, after=0.0, who=HOME, dwell=0.4):
    """What a browser leaves that opens a number and shows its page."""
    return [opened(rating, after, who), visit(Kind.SEEN, rating, after + dwell, who)]


def hidden(after=0.0, who=GATEWAY):
    return visit(Kind.HIDDEN, None, after, who)


def fetched(who=FETCHER, after=0.0):
    """A gateway that fetches every link, the hidden one first."""
    return [hidden(after, who), *(opened(number, after + 0.1 * (number + 1), who) for number in range(11))]


def browsed(who=GATEWAY, after=0.0, pace=1.0):
    """A gateway whose browser shows every page."""
    pages = (clicked(number, after + pace * (number + 1), who) for number in range(11))
    return [hidden(after, who), *(one for page in pages for one in page)]


def verdicts(*visits, delivered_at=None, rules=RULES):
    """The signals against each click by who made it and the number, in words."""
    clicks = judge(visits, delivered_at, rules)
    return [(click.visit.network, click.visit.rating, " ".join(click.signals)) for click in clicks]


def clean(*visits, **more):
    return [rating for network, rating, signals in verdicts(*visits, **more) if network != "gateway" and not signals]


def counted(*visits, **more):
    """What a gateway's visits bring in."""
    return [rating for _, rating, signals in verdicts(*visits, **more) if not signals]


# People


def test_one_click_is_a_person_s():
    assert verdicts(*clicked(9)) == [("home", 9, "")]


def test_the_same_number_twice_is_a_person():
    assert clean(*clicked(9), *clicked(9, after=0.9)) == [9, 9]


def test_a_second_thought_at_a_person_s_pace_is_a_person():
    assert clean(*clicked(9), *clicked(6, after=3.1)) == [9, 6]


def test_a_page_that_was_slow_to_show_does_not_make_its_reader_hurried():
    assert clean(*clicked(9, dwell=4.0), *clicked(6, after=4.1)) == [9, 6]


def test_a_page_that_lay_in_the_background_is_as_old_as_its_opening():
    tabs = [opened(3), *clicked(9, after=20), visit(Kind.SEEN, 3, 60)]

    assert [(click.visit.rating, click.at) for click in judge(tabs, None, RULES)] == [
        (3, NOON),
        (9, NOON + 20 * SECOND),
    ]


def test_a_number_chosen_on_the_page_is_as_old_as_its_choice_and_in_no_hurry():
    page = [*clicked(3), visit(Kind.SEEN, 9, 1.2)]

    assert clean(*page) == [3, 9]
    assert judge(page, None, RULES)[-1].at == NOON + 1.2 * SECOND


def test_who_chooses_back_on_the_page_what_they_clicked_chose_it_last():
    assert clean(*clicked(3), visit(Kind.SEEN, 9, 2), visit(Kind.SEEN, 3, 4)) == [3, 9, 3]


def test_two_devices_in_two_networks_are_people_before_and_after_a_browser_of_all_links():
    people = [*clicked(9), *clicked(10, after=60, who=OFFICE)]

    assert clean(*people) == [9, 10]
    assert clean(*browsed(after=-60), *people) == [9, 10]


def test_two_devices_of_one_household_are_people():
    assert clean(*clicked(9), *clicked(10, after=20, who=("home", "chrome"))) == [9, 10]


def test_a_visitor_who_clicks_a_minute_after_a_gateway_s_browser_is_a_person():
    assert clean(*browsed(), *clicked(8, after=75)) == [8]


def test_a_gateway_that_only_fetches_costs_nobody_an_answer_who_clicks_seconds_later():
    assert clean(*fetched(), *clicked(8, after=7)) == [8]


def test_a_fetching_gateway_in_the_same_network_costs_nobody_an_answer():
    assert clean(*fetched(who=("home", "other")), *clicked(8, after=7)) == [8]


def test_a_detonation_hours_later_does_not_harm_who_clicked_before():
    assert clean(*clicked(8), *browsed(after=7200)) == [8]


def test_a_browser_that_looks_ahead_for_its_own_user_does_not_speak_against_them():
    looked = [visit(Kind.AHEAD, number, after) for number, after in ((7, -2.0), (8, -1.0), (9, -0.3))]

    assert clean(*looked, *clicked(9)) == [9]


def test_a_page_that_was_shown_from_what_was_fetched_ahead_counts_as_well():
    assert clean(visit(Kind.AHEAD, 9, -1), visit(Kind.SEEN, 9, 0.5)) == [9]


def test_a_scanner_that_checks_the_clicked_link_in_the_same_second_does_not_speak_against_the_person():
    assert clean(opened(9, 0.1, FETCHER), *clicked(9)) == [9]


def test_not_known_when_it_was_delivered_is_no_proof():
    assert clean(*clicked(9), delivered_at=None) == [9]


def test_a_click_at_the_moment_of_delivery_is_not_before_it():
    assert clean(*clicked(9), delivered_at=NOON) == [9]


# Machines


def test_who_fetches_every_link_leaves_no_click():
    assert verdicts(*fetched()) == []


@pytest.mark.parametrize("pace", [0.01, 1.0, 29.0, 60.0, 599.0])
def test_a_browser_that_shows_every_page_is_no_person_at_any_pace_it_can_be_followed(pace):
    assert counted(*browsed(pace=pace)) == []


def pooled(pace, after=0.0):
    """Browsers of many networks and programs, each of which shows one page."""
    return [
        page for each in range(11) for page in clicked(each, after + each * pace, (f"net{after}-{each}", f"kind{each}"))
    ]


@pytest.mark.parametrize("pace", [0.1, 29.0, 31.0, 60.0, 299.0])
def test_a_pool_of_networks_and_programs_is_one_visitor(pace):
    assert counted(hidden(-pace, ("first", "other")), *pooled(pace)) == []


def test_every_round_of_a_pool_is_one_visitor():
    assert counted(*pooled(60.0), *pooled(60.0, after=90.0)) == []


def test_a_visitor_who_clicks_a_minute_after_a_pool_is_no_part_of_it():
    assert clean(*pooled(60.0), *clicked(8, after=661)) == [8]


def test_browsers_that_share_the_links_by_twos_are_one_visitor():
    pages = [page for each in range(6) for page in clicked(each, each * 60.0, (f"net{each // 2}", "chrome"))]

    assert verdicts(*pages)[0] == ("net0", 0, "several_numbers")
    assert counted(*pages) == []


def test_one_network_with_changing_programs_is_one_visitor():
    pages = [page for number in range(4) for page in clicked(number, number * 300.0, ("farm", f"kind{number}"))]

    assert counted(*pages) == []


def test_who_opens_the_hidden_link_and_a_number_is_no_person():
    assert verdicts(hidden(), *clicked(9, after=400, who=GATEWAY)) == [("gateway", 9, "hidden_link")]


def test_the_hidden_link_speaks_against_a_click_before_it():
    assert verdicts(*clicked(9, who=GATEWAY), hidden(after=500)) == [("gateway", 9, "hidden_link")]


def test_several_numbers_are_more_than_a_person_opens():
    pages = [*clicked(1), *clicked(2, after=60), *clicked(3, after=120)]

    assert verdicts(*pages) == [("home", number, "several_numbers") for number in (1, 2, 3)]


def test_two_numbers_in_no_time_are_hurried():
    assert verdicts(*clicked(1), *clicked(2, after=3.0)) == [("home", 1, "hurried"), ("home", 2, "hurried")]


def test_one_page_is_one_number_opened_though_others_are_weighed_on_it():
    assert counted(*clicked(1), visit(Kind.SEEN, 2, 10), visit(Kind.SEEN, 3, 20)) == [1, 2, 3]


def test_who_goes_back_and_forth_between_few_numbers_of_a_page_is_a_person():
    back_and_forth = [visit(Kind.SEEN, number, 5 * place) for place, number in enumerate((2, 3, 2, 1, 3), start=1)]

    assert counted(*clicked(1), *back_and_forth) == [1, 2, 3, 2, 1, 3]


@pytest.mark.parametrize("pace", [0.4, 5.0, 60.0, 199.0])
def test_who_chooses_one_number_after_the_other_on_one_page_is_no_person(pace):
    every = [visit(Kind.SEEN, number, pace * (number + 1)) for number in range(11) if number != 4]

    assert verdicts(*clicked(4), *every[:3]) == [("home", number, "several_choices") for number in (4, 0, 1, 2)]
    assert counted(*clicked(4), *every) == []


def test_what_is_chosen_on_two_pages_is_not_added_up():
    second = [*clicked(1, after=700), visit(Kind.SEEN, 5, 705)]

    assert counted(*clicked(1), visit(Kind.SEEN, 2, 10), visit(Kind.SEEN, 3, 20), *second) == [1, 2, 3, 1, 5]


def test_what_is_chosen_on_a_page_that_was_opened_before_the_delivery_is_no_person_s():
    assert counted(*clicked(1), visit(Kind.SEEN, 2, 10), delivered_at=NOON + SECOND) == []


def test_two_reports_without_openings_in_no_time_are_hurried_too():
    assert counted(visit(Kind.SEEN, 1), visit(Kind.SEEN, 2, 1.0)) == []


@pytest.mark.parametrize("who", [HOME, FETCHER])
@pytest.mark.parametrize("after", [-5.0, 0.0, 5.4])
def test_a_head_of_the_same_link_in_the_same_seconds_speaks_for_a_machine(who, after):
    assert verdicts(visit(Kind.PROBED, 9, after, who), *clicked(9)) == [("home", 9, "probed")]


@pytest.mark.parametrize(("rating", "after"), [(8, 0.0), (None, 0.0), (9, -5.1), (9, 5.5)])
def test_a_head_of_another_link_or_at_another_time_does_not(rating, after):
    assert clean(visit(Kind.PROBED, rating, after), *clicked(9)) == [9]


def test_a_page_shown_late_is_judged_by_when_it_was_opened():
    assert counted(visit(Kind.PROBED, 9, 1.0), *clicked(9, dwell=30.0)) == []


def test_somebody_else_who_looks_ahead_is_a_machine_s_probe():
    assert verdicts(visit(Kind.AHEAD, 9, 0.0, FETCHER), *clicked(9)) == [("home", 9, "probed")]


def test_before_the_delivery_nobody_clicks():
    assert verdicts(*clicked(9), delivered_at=NOON + SECOND) == [("home", 9, "before_delivery")]


def test_a_page_opened_before_the_delivery_and_seen_after_it_is_no_person_s():
    assert counted(*clicked(9, dwell=60.0), delivered_at=NOON + SECOND) == []


def test_a_known_scanner_is_no_person():
    assert verdicts(replace(visit(Kind.SEEN, 9), scanner=True)) == [("home", 9, "scanner")]
    assert verdicts(opened(9, scanner=True), visit(Kind.SEEN, 9, 0.4)) == [("home", 9, "scanner")]


def test_all_that_speaks_for_a_machine_is_told_in_one_order():
    machine = [hidden(), *(one for number in range(3) for one in clicked(number, 0.1 * number, GATEWAY))]

    clicks = judge([*machine, visit(Kind.PROBED, 2, 0.2, GATEWAY)], NOON + HOUR, RULES)

    assert clicks[-1].signals == (
        Signal.HIDDEN_LINK,
        Signal.SEVERAL_NUMBERS,
        Signal.HURRIED,
        Signal.PROBED,
        Signal.BEFORE_DELIVERY,
    )


# Always

WHO = st.sampled_from([HOME, GATEWAY, OFFICE, FETCHER, ("home", "chrome")])
VISITS = st.lists(
    st.builds(
        lambda kind, rating, after, who: visit(kind, None if kind is Kind.HIDDEN else rating, after, who),
        st.sampled_from(Kind),
        st.integers(0, 10),
        st.integers(0, 4000).map(lambda tenths: tenths / 2),
        WHO,
    ),
    max_size=25,
)


@given(VISITS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_never_matters(visits, chance):
    shuffled = list(visits)
    chance.shuffle(shuffled)

    assert judge(shuffled, NOON, RULES) == judge(visits, NOON, RULES)


@given(VISITS, VISITS)
def test_what_a_stranger_does_at_another_time_never_changes_a_verdict(visits, others):
    far = [replace(one, at=one.at + DAY, network=f"far-{one.network}") for one in others]
    near = {one.network for one in visits}

    clicks = judge([*visits, *far], None, RULES)

    assert [click for click in clicks if click.visit.network in near] == judge(visits, None, RULES)


@given(VISITS, VISITS)
def test_what_comes_more_than_the_settling_time_after_a_click_never_changes_its_verdict(visits, others):
    clicks = judge(visits, None, RULES)
    last = max((click.visit.at for click in clicks), default=NOON)
    late = [replace(one, at=last + RULES.settling + (one.at - NOON) + SECOND) for one in others]

    assert [click for click in judge([*visits, *late], None, RULES) if click.visit.at <= last] == clicks


@given(VISITS, WHO)
def test_who_opens_the_hidden_link_has_no_clean_click_within_the_settling_time(visits, who):
    network, family = who
    trap = visit(Kind.HIDDEN, None, 1000.0, who)

    for click in judge([*visits, trap], None, RULES):
        same = (click.visit.network, click.visit.family) == (network, family)
        if same and abs(click.visit.at - trap.at) <= RULES.settling:
            assert Signal.HIDDEN_LINK in click.signals


def test_as_many_visits_as_are_kept_are_judged():
    flood = [one for number in range(MOST_VISITS // 2) for one in clicked(number % 11, number * 0.5)]

    assert counted(*flood) == []


def test_the_visits_of_one_moment_are_joined_once_for_all_clicks(monkeypatch):
    rounds = []
    monkeypatch.setattr(
        click_signals, "clusters", lambda *given: rounds.append(given) or click_clusters.clusters(*given)
    )
    judge([visit(Kind.SEEN, number % 11, number * 0.1) for number in range(MOST_VISITS)], None, RULES)

    assert len(rounds) == 1


def test_the_thresholds_are_the_operator_s():
    patient = replace(RULES, most_numbers=3, second_thought=timedelta(0), settling=MINUTE)

    assert clean(*clicked(1), *clicked(2, after=1), *clicked(3, after=2), rules=patient) == [1, 2, 3]
