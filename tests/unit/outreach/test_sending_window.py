"""Local hours in which mail may leave, by the wall clock of wherever the recipient lives."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from afterbill.outreach.sending_window import (
    DAYS,
    Place,
    SendingWindow,
    is_open,
    moment_in,
    next_opening,
    parse_days,
    parse_hours,
    place_of,
)
from afterbill.settings.almanac import load_almanac

ALMANAC = load_almanac()
WEEK, ALWAYS = frozenset(range(5)), frozenset(range(7))
OFFICE = SendingWindow("office", WEEK, ((540, 720), (810, 1020)), weekends=False, holidays=False)
ALL_DAYS = SendingWindow("all days", ALWAYS, ((540, 1020),), weekends=False, holidays=False)
NIGHT = SendingWindow("night", ALWAYS, ((60, 240),), weekends=True, holidays=True)
ANY_TIME = SendingWindow("any time", ALWAYS, ((0, 1440),), weekends=True, holidays=True)
SECOND, MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)
ZONES = sorted(available_timezones() - {"Factory", "localtime"})


def living(zone: str, country: str = "") -> Place:
    return Place(ZoneInfo(zone), country, "customer")


BERLIN, NEW_YORK = living("Europe/Berlin", "DE"), living("America/New_York", "US")


def opening(window: SendingWindow, place: Place, at: str) -> tuple[str, str] | None:
    """The next opening after an instant, as the wall clock there shows it."""
    found = next_opening(window, place, ALMANAC, datetime.fromisoformat(at))
    return found and tuple(f"{end.astimezone(place.zone):%a %Y-%m-%d %H:%M%z}" for end in found)


class TestOpening:
    def test_in_an_open_hour_it_has_begun(self):
        assert opening(OFFICE, BERLIN, "2026-11-24T08:30Z") == (
            "Tue 2026-11-24 09:30+0100",
            "Tue 2026-11-24 12:00+0100",
        )

    def test_over_lunch_it_is_the_afternoon(self):
        assert opening(OFFICE, BERLIN, "2026-11-24T11:00Z") == (
            "Tue 2026-11-24 13:30+0100",
            "Tue 2026-11-24 17:00+0100",
        )

    def test_after_work_it_is_the_next_morning(self):
        found = opening(OFFICE, BERLIN, "2026-11-24T16:00Z")

        assert found == ("Wed 2026-11-25 09:00+0100", "Wed 2026-11-25 12:00+0100")

    def test_it_is_told_in_utc_whatever_zone_was_asked_in(self):
        at = datetime(2026, 11, 24, 17, 30, tzinfo=ZoneInfo("Asia/Tokyo"))

        assert next_opening(OFFICE, BERLIN, ALMANAC, at) == (at, datetime(2026, 11, 24, 11, tzinfo=UTC))
        assert {end.tzinfo for end in next_opening(OFFICE, BERLIN, ALMANAC, at)} == {UTC}

    @pytest.mark.parametrize(
        ("zone", "country", "begins"),
        [
            ("Europe/Berlin", "DE", "Mon 2026-11-30 09:00+0100"),
            ("America/New_York", "US", "Fri 2026-11-27 17:30-0500"),
            ("Asia/Tokyo", "JP", "Mon 2026-11-30 09:00+0900"),
            ("Asia/Riyadh", "SA", "Sun 2026-11-29 09:00+0300"),
            ("Asia/Kathmandu", "NP", "Mon 2026-11-30 09:00+0545"),
            ("Australia/Lord_Howe", "AU", "Mon 2026-11-30 09:00+1100"),
            ("Pacific/Apia", "WS", "Mon 2026-11-30 09:00+1300"),
        ],
    )
    def test_each_place_has_its_own_hours_and_weekend(self, zone, country, begins):
        until_six = SendingWindow("until six", ALWAYS, ((540, 1080),), weekends=False, holidays=False)

        found = opening(until_six, living(zone, country), "2026-11-27T22:30Z")

        assert found is not None
        assert found[0] == begins

    def test_a_saturday_that_is_listed_is_open_only_where_weekends_are(self):
        with_saturday = SendingWindow("shop", WEEK | {5}, ((540, 720),), weekends=True, holidays=False)

        assert opening(with_saturday, BERLIN, "2026-11-27T20:00Z")[0] == "Sat 2026-11-28 09:00+0100"
        assert opening(ALL_DAYS, BERLIN, "2026-11-27T20:00Z")[0] == "Mon 2026-11-30 09:00+0100"

    def test_where_the_country_is_unknown_the_weekend_is_saturday_and_sunday_and_no_day_a_holiday(self):
        assert opening(ALL_DAYS, living("Europe/Berlin"), "2026-12-24T20:00Z")[0] == "Fri 2026-12-25 09:00+0100"
        assert opening(ALL_DAYS, living("Asia/Riyadh"), "2026-11-27T20:00Z")[0] == "Mon 2026-11-30 09:00+0300"

    @pytest.mark.parametrize(
        ("place", "holiday"),
        [
            (BERLIN, "2028-10-03"),
            (NEW_YORK, "2026-07-03"),
            (NEW_YORK, "2027-07-05"),
            (living("Asia/Tokyo", "JP"), "2026-05-06"),
        ],
        ids=["day of unity", "4 July, observed before", "4 July, observed after", "substitute of constitution day"],
    )
    def test_public_holidays_are_closed_unless_the_window_says_otherwise(self, place, holiday):
        noon = datetime.fromisoformat(f"{holiday}T11:00").replace(tzinfo=place.zone)
        open_on_holidays = SendingWindow("any", WEEK, OFFICE.hours, weekends=False, holidays=True)

        assert not is_open(OFFICE, place, ALMANAC, noon)
        assert is_open(open_on_holidays, place, ALMANAC, noon)
        assert next_opening(OFFICE, place, ALMANAC, noon)[0].astimezone(place.zone).date() > date.fromisoformat(holiday)

    def test_a_holiday_of_one_country_is_a_working_day_in_another(self):
        at = "2028-10-03T08:00Z"

        assert opening(OFFICE, living("Europe/Paris", "FR"), at)[0] == "Tue 2028-10-03 10:00+0200"
        assert opening(OFFICE, BERLIN, at)[0] == "Wed 2028-10-04 09:00+0200"

    def test_a_window_that_never_opens_has_none(self):
        sundays = SendingWindow("sundays", frozenset({6}), ((540, 720),), weekends=False, holidays=True)

        assert opening(sundays, BERLIN, "2026-11-24T08:30Z") is None
        assert opening(sundays, living("Asia/Riyadh", "SA"), "2026-11-24T08:30Z") is not None


class TestChangesOfTheClock:
    @pytest.mark.parametrize(
        ("place", "at", "begins", "ends", "hours"),
        [
            (BERLIN, "2027-03-27T23:00Z", "01:00+0100", "04:00+0200", 2),
            (BERLIN, "2027-10-30T22:00Z", "01:00+0200", "04:00+0100", 4),
            (NEW_YORK, "2027-03-14T05:00Z", "01:00-0500", "04:00-0400", 2),
            (NEW_YORK, "2027-11-07T04:00Z", "01:00-0400", "04:00-0500", 4),
            (living("Australia/Lord_Howe", "AU"), "2027-10-02T13:30Z", "01:00+1030", "04:00+1100", 2.5),
            (living("Australia/Lord_Howe", "AU"), "2027-04-03T13:00Z", "01:00+1100", "04:00+1030", 3.5),
        ],
    )
    def test_a_night_gets_shorter_or_longer(self, place, at, begins, ends, hours):
        found = next_opening(NIGHT, place, ALMANAC, datetime.fromisoformat(at))

        assert tuple(f"{end.astimezone(place.zone):%H:%M%z}" for end in found) == (begins, ends)
        assert found[1] - found[0] == timedelta(hours=hours)

    @pytest.mark.parametrize(("at", "hours"), [("2027-03-27T23:00Z", 23), ("2027-10-30T22:00Z", 25)])
    def test_so_does_the_day(self, at, hours):
        begins, ends = next_opening(ANY_TIME, BERLIN, ALMANAC, datetime.fromisoformat(at))

        assert ends - begins == timedelta(hours=hours)

    def test_an_hour_that_is_left_out_is_not_opened(self):
        leapt = SendingWindow("leapt", ALWAYS, ((120, 180),), weekends=True, holidays=True)

        assert opening(leapt, BERLIN, "2027-03-27T23:00Z")[0] == "Mon 2027-03-29 02:00+0200"

    def test_of_an_hour_that_is_left_out_in_part_the_rest_is_open(self):
        around = SendingWindow("around", ALWAYS, ((150, 210),), weekends=True, holidays=True)

        assert opening(around, BERLIN, "2027-03-27T23:00Z") == (
            "Sun 2027-03-28 03:00+0200",
            "Sun 2027-03-28 03:30+0200",
        )

    def test_hours_that_end_in_a_leap_end_with_it_to_the_second(self):
        early = SendingWindow("early", ALWAYS, ((0, 150),), weekends=True, holidays=True)
        at = datetime(2027, 3, 28, 0, 10, 0, 500_000, tzinfo=UTC)

        assert next_opening(early, BERLIN, ALMANAC, at) == (at, datetime(2027, 3, 28, 1, tzinfo=UTC))

    def test_an_hour_that_comes_twice_is_open_twice_with_a_pause_between(self):
        twice = SendingWindow("twice", ALWAYS, ((120, 150),), weekends=True, holidays=True)
        first, second = "Sun 2027-10-31 02:00+0200", "Sun 2027-10-31 02:00+0100"

        assert opening(twice, BERLIN, "2027-10-30T22:00Z") == (first, "Sun 2027-10-31 02:30+0200")
        assert opening(twice, BERLIN, "2027-10-31T00:30Z") == (second, "Sun 2027-10-31 02:30+0100")

    def test_it_comes_twice_even_where_no_other_day_is_open(self):
        once = SendingWindow("once", frozenset({6}), ((120, 150),), weekends=True, holidays=False)
        sundays = {date(2027, 10, 31).toordinal() + 7 * week for week in range(1, 10)}
        almanac = type(ALMANAC)(ALMANAC.zones, {}, {"DE": frozenset(sundays)}, 2035)

        found = next_opening(once, BERLIN, almanac, datetime(2027, 10, 31, 0, 40, tzinfo=UTC))

        assert found == (datetime(2027, 10, 31, 1, tzinfo=UTC), datetime(2027, 10, 31, 1, 30, tzinfo=UTC))

    def test_a_change_over_the_weekend_moves_monday(self):
        assert opening(OFFICE, BERLIN, "2026-10-23T20:00Z") == (
            "Mon 2026-10-26 09:00+0100",
            "Mon 2026-10-26 12:00+0100",
        )

    def test_where_the_clock_changes_at_midnight_the_day_begins_at_one(self):
        havana = living("America/Havana", "CU")

        assert opening(ANY_TIME, havana, "2027-03-14T05:00Z")[0] == "Sun 2027-03-14 01:00-0400"
        assert opening(ANY_TIME, havana, "2027-03-14T04:00Z")[1] == "Sun 2027-03-14 01:00-0400"


def windows() -> st.SearchStrategy[SendingWindow]:
    bounds = st.sets(
        st.integers(0, 96).map(lambda quarter: quarter * 15) | st.integers(0, 1440), min_size=2, max_size=6
    )
    hours = bounds.map(lambda found: tuple(list(pairwise(sorted(found)))[::2]))
    days = st.frozensets(st.integers(0, 6), min_size=1)
    return st.builds(SendingWindow, st.just("some"), days, hours, st.booleans(), st.booleans())


PLACES = st.builds(living, st.sampled_from(ZONES), st.sampled_from(["", *ALMANAC.zones]))
INSTANTS = st.timedeltas(timedelta(0), timedelta(days=9 * 365)).map(
    lambda since: datetime(2026, 1, 1, tzinfo=UTC) + since
)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Place, datetime, SendingWindow]:
    """A place, an instant some hours around a change of its clock, and a window that is narrow or wide around it."""
    place = draw(PLACES)
    year = datetime(draw(st.integers(2026, 2034)), 1, 1, tzinfo=UTC)
    offsets = [(year + timedelta(days=day)).astimezone(place.zone).utcoffset() for day in range(366)]
    days = [day for day, (one, other) in enumerate(pairwise(offsets)) if one != other]
    assume(days)
    at = year + timedelta(days=draw(st.sampled_from(days)), minutes=draw(st.integers(-3000, 1500)))
    begin = draw(st.integers(0, 300))
    end = draw(st.integers(begin + 1, begin + 200))
    return place, at, SendingWindow("early", ALWAYS, ((begin, end),), draw(st.booleans()), draw(st.booleans()))


def judge(window: SendingWindow, place: Place, at: datetime, share: float) -> None:
    """What next_opening found is open from end to end, and nothing before it is."""
    found = next_opening(window, place, ALMANAC, at)
    begins, ends = found or (at + timedelta(days=59), at + timedelta(days=60))
    if found:
        assert at <= begins < ends <= begins + timedelta(hours=26)
        inside = [begins, begins + share * (ends - begins - MICROSECOND), ends - MICROSECOND]
        inside += [begins + timedelta(minutes=15) * step for step in range((ends - begins) // timedelta(minutes=15))]
        assert all(is_open(window, place, ALMANAC, moment) for moment in inside)
    before = [begins - MICROSECOND, *(begins - timedelta(minutes=7) * step for step in range(1, 250))]
    before += [at + share * (begins - at) * step / 50 for step in range(50)]
    assert not any(is_open(window, place, ALMANAC, moment) for moment in before if at <= moment < begins)


@settings(max_examples=400)
@given(windows(), PLACES, INSTANTS, st.floats(0, 1))
def test_an_opening_is_open_from_end_to_end_and_nothing_before_it_is(window, place, at, share):
    judge(window, place, at, share)


@settings(max_examples=400)
@given(changes(), st.floats(0, 1))
def test_that_holds_where_the_clock_changes_too(change, share):
    place, at, window = change

    judge(window, place, at, share)


@given(windows(), PLACES, INSTANTS)
def test_an_open_instant_is_the_beginning_of_its_opening(window, place, at):
    found = next_opening(window, place, ALMANAC, at)

    assert is_open(window, place, ALMANAC, at) == bool(found and found[0] == at)


@given(windows(), PLACES, INSTANTS, st.text(), st.timedeltas(timedelta(0), timedelta(hours=2)))
def test_a_moment_lies_in_its_opening_on_a_whole_second_with_slack_left(window, place, at, key, slack):
    begins, ends = assume_found(next_opening(window, place, ALMANAC, at))
    assume(ends - begins > 2 * SECOND)

    moment = moment_in((begins, ends), key, slack)

    assert begins <= moment < ends
    assert ends - moment >= min(slack, (ends - begins) / 4)
    assert moment.microsecond == 0


def assume_found(found: tuple[datetime, datetime] | None) -> tuple[datetime, datetime]:
    assume(found)
    return found


class TestMoment:
    DAY = datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 24, 11, tzinfo=UTC)

    def test_it_follows_from_the_key(self):
        assert moment_in(self.DAY, "inv-1", timedelta(0)) == moment_in(self.DAY, "inv-1", timedelta(0))
        assert moment_in(self.DAY, "inv-1", timedelta(0)) != moment_in(self.DAY, "inv-2", timedelta(0))

    def test_ten_thousand_keys_spread_evenly_over_all_that_slack_leaves(self):
        moments = [moment_in(self.DAY, f"inv-{number}", timedelta(minutes=30)) for number in range(10_000)]
        parts = Counter((moment - self.DAY[0]) // timedelta(minutes=3) for moment in moments)

        chi_square = sum((parts[part] - 200) ** 2 / 200 for part in range(50))

        assert sorted(parts) == list(range(50))
        assert chi_square < 85.4, "one in a thousand even spreads is more uneven than this"

    def test_slack_takes_a_quarter_at_most(self):
        moments = [moment_in(self.DAY, f"inv-{number}", timedelta(hours=5)) for number in range(2_000)]

        assert timedelta(minutes=44) < self.DAY[1] - max(moments) < timedelta(minutes=47)

    def test_with_no_whole_second_left_it_is_at_once(self):
        late = self.DAY[1] - timedelta(milliseconds=400)

        assert moment_in((late, self.DAY[1]), "inv-1", timedelta(0)) == late

    def test_it_is_never_before_an_instant_within_a_second(self):
        begins = self.DAY[1] - timedelta(seconds=2.5)

        moments = {moment_in((begins, self.DAY[1]), f"inv-{number}", timedelta(0)) for number in range(50)}

        assert moments == {self.DAY[1] - 2 * SECOND, self.DAY[1] - SECOND}


class TestPlace:
    def test_the_customers_word_is_best(self):
        place = place_of("Asia/Kathmandu", "de", ALMANAC, "UTC")

        assert (place.zone.key, place.country, place.why) == ("Asia/Kathmandu", "DE", "customer")

    @pytest.mark.parametrize(
        ("country", "zone"), [("US", "America/New_York"), (" ch ", "Europe/Zurich"), ("au", "Australia/Sydney")]
    )
    def test_else_it_is_where_most_of_the_country_live(self, country, zone):
        place = place_of(None, country, ALMANAC, "UTC")

        assert (place.zone.key, place.country, place.why) == (zone, country.strip().upper(), "country")

    @pytest.mark.parametrize("country", [None, "", "  ", "Germany", "ZZ", "ß", "\x00", "D" * 10_000])
    def test_else_the_operators(self, country):
        place = place_of("", country, ALMANAC, "Europe/Zurich")

        assert (place.zone.key, place.country, place.why) == ("Europe/Zurich", "", "operator")

    @pytest.mark.parametrize(
        "name",
        [
            "",
            " ",
            ".",
            "..",
            "../x",
            "../../etc/passwd",
            "/etc/localtime",
            "Europe",
            "Europe/",
            "Europe/Berlin\n",
            "Europe/Berlin\x00",
            "Europe/../Europe/Berlin",
            "Europe//Berlin",
            "Europe\\Berlin",
            "Europe/Bérlin",
            "Europe/\ud800",
            "tzdata.zi",
            "zone.tab",
            "leapseconds",
            "localtime",
            "posix/Europe/Berlin",
            "right/Europe/Berlin",
            "Factory",
            "Pacific Standard Time",
            "Mars/Olympus_Mons",
            "CON",
            "A/" * 5_000,
            "A" * 10_000,
        ],
    )
    def test_names_that_are_no_place_are_passed_over(self, name):
        assert place_of(name, "DE", ALMANAC, "UTC").why == "country"

    @given(st.text() | st.from_regex(r"[A-Z][a-z_+\-0-9]{0,40}(/[A-Za-z_.+\-0-9]{0,40}){0,4}"), st.text())
    def test_no_name_raises(self, name, country):
        assert place_of(name, country, ALMANAC, name).zone.key in {*ZONES, "UTC"}

    def test_every_zone_there_is_is_known(self):
        assert [place_of(name, None, ALMANAC, "").zone.key for name in ZONES] == ZONES

    def test_an_operator_without_a_zone_lives_in_utc(self):
        assert place_of(None, None, ALMANAC, "nowhere").zone.key == "UTC"


class TestWords:
    def test_days_are_their_english_beginnings(self):
        assert parse_days(["fri", "mon"]) == {0, 4}
        assert parse_days(DAYS) == ALWAYS

    @pytest.mark.parametrize(
        ("texts", "hint"),
        [
            ([], "at least one"),
            (["mon", "tue", "mon"], "each day once"),
            (["Mon"], 'mon, tue, wed, thu, fri, sat, sun, not "Mon"'),
            (["monday"], 'not "monday"'),
        ],
    )
    def test_other_days_are_refused(self, texts, hint):
        with pytest.raises(ValueError, match=hint):
            parse_days(texts)

    def test_hours_are_put_in_order(self):
        assert parse_hours(["13:30-24:00", "09:00-12:00"]) == ((540, 720), (810, 1440))

    def test_hours_that_touch_are_one(self):
        assert parse_hours(["12:00-14:00", "09:00-12:00", "14:00-15:30", "20:00-21:00"]) == ((540, 930), (1200, 1260))

    @pytest.mark.parametrize(
        "text",
        ["9-12", "9:00-12:00", "09:00 - 12:00", "09:00-24:01", "25:00-26:00", "09:60-10:00", "09:00-12:00\n", ""],
    )
    def test_other_forms_are_refused(self, text):
        with pytest.raises(ValueError, match="must be hours such as"):
            parse_hours(["07:00-08:00", text])

    @pytest.mark.parametrize("text", ["22:00-06:00", "09:00-09:00", "24:00-24:00", "22:00-00:00"])
    def test_hours_over_midnight_are_written_as_two(self, text):
        with pytest.raises(ValueError, match=f'"{text}" must end later than it begins; over midnight write two'):
            parse_hours([text])

    @pytest.mark.parametrize("other", ["11:59-13:00", "08:00-18:00", "10:00-11:00", "09:00-12:00"])
    def test_hours_that_overlap_are_both_named(self, other):
        with pytest.raises(ValueError, match="overlap: write them as one") as refused:
            parse_hours(["20:00-21:00", other, "09:00-12:00"])

        assert '"09:00-12:00"' in str(refused.value)
        assert f'"{other}"' in str(refused.value)

    def test_no_hours_are_refused(self):
        with pytest.raises(ValueError, match='must list hours such as "09:00-12:00"'):
            parse_hours([])

    @given(windows())
    def test_what_a_window_is_written_as_is_read_again(self, window):
        texts = [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in window.hours]

        assert parse_hours(texts[::-1]) == window.hours
