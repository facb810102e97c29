"""Charts: every mark inside the drawing, every text escaped, the table with the figures of the drawing."""

import re
from datetime import UTC
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader

from afterbill.model.questions import SCALES, Question
from afterbill_console.charts import MOST_POINTS, MOST_ROWS, Chart
from afterbill_console.charts.bars import Part, Share, parts, shares
from afterbill_console.charts.columns import Group, columns
from afterbill_console.charts.distribution import distribution
from afterbill_console.charts.drawing import axis_labels, cut
from afterbill_console.charts.funnel import funnel
from afterbill_console.charts.intervals import Interval, intervals
from afterbill_console.charts.survival import Curve, survival
from afterbill_console.charts.trend import BOTTOM, TOP, TrendPoint, trend
from afterbill_console.numbers import Numbers
from afterbill_console.render import TEMPLATES
from afterbill_console.texts import texts

EN, DE = texts("en"), texts("de")
NUMBERS = Numbers("en", UTC)
HOSTILE = "</text><script>alert(1)</script>\"'& \u202eevil\u202c \x00\x1b[31m مرحبا"
TITLE = "No real change"

labels = st.one_of(st.text(max_size=60), st.just(HOSTILE))
scores = st.floats(-100, 100)
shares_of_one = st.floats(0, 1)


@st.composite
def scored(draw, kind):
    n = draw(st.integers(0, 10**6))
    low, score, high = sorted(draw(st.tuples(scores, scores, scores))) if n >= 10 else (None, None, None)
    return kind(draw(labels), n, score, low, high, draw(st.booleans()), n < 30)


LISTS = {
    trend: st.lists(scored(TrendPoint), max_size=40),
    intervals: st.lists(scored(Interval), max_size=12),
    shares: st.lists(st.builds(Share, labels, shares_of_one, labels), max_size=12),
    funnel: st.lists(st.builds(Share, labels, shares_of_one, labels), max_size=12),
    parts: st.lists(st.builds(Part, labels, st.floats(-200, 200), labels), max_size=12),
    distribution: st.lists(st.integers(0, 10**6), min_size=11, max_size=11),
    survival: st.lists(
        st.builds(
            Curve, labels, st.lists(st.tuples(st.integers(0, 800), shares_of_one, st.integers(0, 999)), max_size=9)
        ),
        max_size=5,
    ),
    columns: st.lists(
        st.builds(
            Group,
            labels,
            st.dictionaries(st.sampled_from(["promoter", "passive", "detractor"]), st.floats(-5, 1e9)),
            st.dictionaries(st.sampled_from(["promoter", "passive", "detractor"]), labels),
        ),
        max_size=8,
    ),
}
charts = pytest.mark.parametrize("draw_chart", LISTS, ids=lambda chart: chart.__name__)


def tree(chart: Chart) -> ET.Element:
    return ET.fromstring(str(chart.svg))  # noqa: S314  # of our own making


def places(element: ET.Element):
    """Yield every x as a share of the width and every y in pixels, each with the height that holds it."""
    for one in element.iter():
        for name in ("x", "x1", "x2", "cx"):
            if (text := one.get(name, "")).endswith("%"):
                yield "x", float(text.removesuffix("%"))
        for name in ("y", "y1", "y2", "cy"):
            if one.get(name) is not None:
                yield "y", float(one.get(name))
        if one.get("width", "").endswith("%") and one.tag == "rect":
            yield "x", float(one.get("x").removesuffix("%")) + float(one.get("width").removesuffix("%"))
            yield "y", float(one.get("y")) + float(one.get("height"))


def drawn(steps: str) -> list[tuple[float, float]]:
    """Return the points of a path of moves, lines and steps."""
    found, x, y = [], 0.0, 0.0
    for command, text in re.findall(r"([MmlhvVz])([^MmlhvVz]*)", steps):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", text)]
        if command == "h":
            x += numbers[0]
        elif command in "vV":
            y = numbers[0] if command == "V" else y + numbers[0]
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=False) if command in "Mml" else ():
            x, y = (dx, dy) if command == "M" else (x + dx, y + dy)
            found.append((x, y))
        found.append((x, y))
    return found


@charts
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_every_mark_stands_inside_the_drawing(draw_chart, data):
    found = tree(draw_chart(data.draw(LISTS[draw_chart]), TITLE, EN, NUMBERS))

    height = float(found.get("height"))
    for axis, at in places(found):
        assert -0.2 <= at <= (100.2 if axis == "x" else height + 0.2)
    for path in found.iter("path"):
        if path.get("class") in {"band", "line", "volume", "dots", "holes", "whisker"}:
            assert all(0 <= x <= 1000 and 0 <= y <= height for x, y in drawn(path.get("d")))


@charts
@settings(max_examples=60, deadline=None)
@given(data=st.data(), title=labels)
def test_it_is_well_formed_whatever_customers_are_called(draw_chart, data, title):
    chart = draw_chart(data.draw(LISTS[draw_chart]), title, DE, Numbers("de", UTC))

    found = tree(chart)
    assert {one.tag for one in found.iter()} <= {
        *("svg", "title", "desc", "text", "rect", "line", "circle", "path", "pattern")
    }
    assert found.get("role") == "img"
    assert {f"t{found[0].get('id')[1:]}", f"d{found[1].get('id')[1:]}"} == {
        found.get("aria-labelledby"),
        found.get("aria-describedby"),
    }
    assert "style=" not in chart.svg
    assert {"nan", "inf", "nan%", "inf%"}.isdisjoint(str(chart.svg).split('"'))


def test_a_hostile_name_is_text_in_the_drawing_and_in_the_table():
    chart = intervals([Interval(HOSTILE, 40, 5.0, 1.0, 9.0, real=True, few=False)], HOSTILE, EN, NUMBERS)
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True)
    page = environment.from_string('{% import "charts.html" as charts %}{{ charts.figure(chart, t) }}')

    html = page.render(chart=chart, t=EN)

    assert "<script" not in html
    assert not {"\u202e", "\x1b", "\x00"} & set(html)
    assert "<bdi>" in html


def test_a_long_name_is_cut_and_whole_in_its_title():
    name = "An enormously long plan for very large customers"
    (label,) = [one for one in tree(shares([Share(name, 0.5, "50 %")], TITLE, EN, NUMBERS)).iter("text") if len(one)]

    assert label[0].text == name
    assert label[0].tail == cut(name, 32)
    assert len(label[0].tail) <= 32


class TestTrend:
    def test_a_score_stands_a_pixel_for_each_point(self):
        points = [
            TrendPoint(str(at), 50, score, score - 5, score + 5, real=False, few=False)
            for at, score in enumerate((-95, 0, 40))
        ]
        (line,) = (one for one in tree(trend(points, TITLE, EN, NUMBERS)).iter("path") if one.get("class") == "line")

        assert [y for _, y in dict.fromkeys(drawn(line.get("d")))] == [BOTTOM - 5, (TOP + BOTTOM) / 2, TOP + 60]

    def test_the_table_has_the_figures_of_the_points(self):
        point = TrendPoint("Nov 1", 41, -3.4, -18.2, 11.1, real=True, few=False, link="/app/responses?from=2026-11-01")
        (row,) = trend([point], TITLE, EN, NUMBERS).table.rows

        assert [cell.text for cell in row] == ["Nov 1", "−3", "−18 to 11", "41", "real change"]
        assert row[0].link == "/app/responses?from=2026-11-01"

    def test_without_a_score_there_is_a_gap_and_no_mark(self):
        points = [
            TrendPoint(str(at), 5 if at == 1 else 40, None if at == 1 else 1.0, 0.0, 2.0, real=False, few=at == 1)
            for at in range(3)
        ]
        chart = trend(points, TITLE, EN, NUMBERS)

        assert len(re.findall('class="whisker"', str(chart.svg))) == 2
        assert [note.text for note in chart.notes] == ["95 % interval", "No mark: fewer than 10 answers, no score"]

    def test_a_real_change_has_a_shape_that_says_where_it_went(self):
        points = [
            TrendPoint(str(at), 99, score, score - 5, score + 5, real=at > 0, few=False)
            for at, score in enumerate((0, 30, -20))
        ]
        chart = trend(points, TITLE, EN, NUMBERS)

        assert [one.get("class") for one in tree(chart).iter("path") if one.get("class") in {"rise", "fall"}] == [
            "rise",
            "fall",
        ]
        assert {note.kind for note in chart.notes} == {"band", "rise", "fall"}

    def test_few_answers_are_hollow(self):
        chart = trend([TrendPoint("a", 12, 3.0, -9.0, 9.0, real=False, few=True)], TITLE, EN, NUMBERS)

        (hollow,) = (one for one in tree(chart).iter("path") if one.get("class") == "holes")
        assert drawn(hollow.get("d"))
        assert "Fewer than 30 answers" in [note.text for note in chart.notes]

    def test_a_year_of_days_weighs_less_than_12_kb(self):
        points = [
            TrendPoint(f"{at} Nov", 10 + at % 20, (at * 37) % 150 - 75, -99.0, 99.0, real=at % 30 == 0, few=True)
            for at in range(365)
        ]

        assert len(str(trend(points, TITLE, EN, NUMBERS).svg).encode()) < 12_000

    def test_ten_thousand_days_are_cut_to_the_last_and_the_others_counted(self):
        points = [TrendPoint(str(at), 99, 1.0, 0.0, 2.0, real=False, few=False) for at in range(10_000)]
        chart = trend(points, TITLE, EN, NUMBERS)

        assert len(chart.table.rows) == MOST_ROWS
        assert chart.table.rows[-1][0].text == "9999"
        assert chart.table.more == "9940 more are not shown."
        assert "370 scores" in chart.description
        assert MOST_POINTS == 370

    def test_it_says_in_words_what_there_is_to_see(self):
        points = [
            TrendPoint(name, 99, score, score - 5, score + 5, real=False, few=False)
            for name, score in (("a", 3), ("b", -8), ("c", 4))
        ]

        assert trend(points, TITLE, EN, NUMBERS).description == (
            "3 scores from a (3) to c (4, 95 % interval −1 to 9), between −8 and 4. Real changes: 0."
        )
        assert trend([], TITLE, EN, NUMBERS).description.startswith("0 periods")

    def test_a_share_of_favourable_answers_has_an_axis_from_0(self):
        chart = trend([TrendPoint("a", 40, 50.0, 40.0, 60.0, real=False, few=False)], TITLE, EN, NUMBERS, lowest=0)

        assert [one.text for one in tree(chart).iter("text")][:5] == ["0", "25", "50", "75", "100"]


class TestRows:
    def test_ten_thousand_segments_are_cut_and_counted(self):
        rows = [Interval(f"plan {at}", 99, 1.0, 0.0, 2.0, real=False, few=False) for at in range(10_000)]
        chart = intervals(rows, TITLE, EN, NUMBERS)

        assert (len(chart.table.rows), chart.table.more) == (MOST_ROWS, "9940 more are not shown.")
        assert len(str(chart.svg)) < 40_000

    def test_a_real_difference_is_a_diamond_and_few_answers_a_ring(self):
        rows = [
            Interval("a", 99, 10.0, 5.0, 15.0, real=True, few=False),
            Interval("b", 20, 10.0, -5.0, 25.0, real=False, few=True),
            Interval("c", 99, 10.0, 5.0, 15.0, real=False, few=False),
            Interval("d", 3, None, None, None, real=False, few=True),
        ]
        chart = intervals(rows, TITLE, EN, NUMBERS)

        kinds = [one.get("class") for one in tree(chart).iter() if one.tag in {"circle", "path"}]
        assert kinds == ["real", "hollow", "dot"]
        assert [note.kind for note in chart.notes] == ["hollow", "none", "real"]
        assert [row[4].text for row in chart.table.rows] == ["real difference", *["no real difference"] * 3]

    def test_of_rows_without_a_score_it_says_so(self):
        assert (
            "ten answers"
            in intervals([Interval("d", 3, None, None, None, real=False, few=True)], TITLE, EN, NUMBERS).description
        )

    def test_a_share_has_its_part_of_the_width(self):
        (_, bar) = tree(shares([Share("a", 0.25, "25 %")], TITLE, EN, NUMBERS)).iter("rect")

        assert bar.get("width") == "25%"

    def test_contributions_stand_on_their_side_of_zero(self):
        chart = parts([Part("up", 4, "+4"), Part("down", -2, "−2"), Part("none", 0, "0")], TITLE, EN, NUMBERS)

        up, down, none = tree(chart).iter("rect")
        assert (up.get("x"), up.get("width"), up.get("class")) == ("50%", "50%", "rise")
        assert (down.get("x"), down.get("width"), down.get("class")) == ("25%", "25%", "fall")
        assert none.get("width") == "0%"
        assert [note.kind for note in chart.notes] == ["fall", "rise"]

    def test_a_step_shows_what_the_one_before_held(self):
        chart = funnel([Share("all", 1, "9"), Share("some", 0.5, "4"), Share("few", 0.1, "1")], TITLE, EN, NUMBERS)

        assert [one.get("width") for one in tree(chart).iter("rect")] == ["100%", "100%", "100%", "50%", "50%", "10%"]


class TestDistribution:
    def test_each_group_has_its_ratings_and_its_share(self):
        chart = distribution([1, 0, 0, 0, 0, 0, 1, 2, 2, 2, 2], TITLE, EN, NUMBERS)

        assert [note.text for note in chart.notes] == [
            "Detractors (0 to 6): 2, 20\N{NO-BREAK SPACE}%",
            "Passives (7 to 8): 4, 40\N{NO-BREAK SPACE}%",
            "Promoters (9 to 10): 4, 40\N{NO-BREAK SPACE}%",
        ]
        assert [(row[0].text, row[1].text) for row in chart.table.rows][6:8] == [("6", "1"), ("7", "2")]

    @pytest.mark.parametrize("question", Question)
    def test_every_question_has_its_scale(self, question):
        scale = SCALES[question]
        chart = distribution([3] * 11, TITLE, EN, NUMBERS, scale=scale)

        assert [row[0].text for row in chart.table.rows] == [str(rating) for rating in scale.ratings]
        assert len(list(tree(chart).iter("rect"))) == len(scale.ratings)

    def test_counts_that_end_early_leave_a_group_without_a_bracket(self):
        chart = distribution([1, 2, 3], TITLE, EN, NUMBERS)

        assert len([one for one in tree(chart).iter("line") if "bracket" in one.get("class")]) == 1

    def test_of_nothing_there_is_no_share(self):
        chart = distribution([0] * 11, TITLE, EN, NUMBERS)

        assert {row[2].text for row in chart.table.rows} == {"–"}


class TestCurves:
    def test_the_axis_says_where_it_begins(self):
        chart = survival([Curve("a", [(0, 1.0, 40), (30, 0.93, 20)])], TITLE, EN, NUMBERS)

        assert [note.text for note in chart.notes] == [
            "a: 93\N{NO-BREAK SPACE}% after 30 days",
            "The axis begins at 80\N{NO-BREAK SPACE}%",
        ]

    def test_a_deep_fall_has_the_whole_axis(self):
        chart = survival([Curve("a", [(0, 1.0, 40), (30, 0.2, 20)])], TITLE, EN, NUMBERS)

        assert len(chart.notes) == 1
        assert [cell.text for cell in chart.table.rows[1]] == ["a", "30", "20\N{NO-BREAK SPACE}%", "20"]

    def test_a_column_is_stacked_and_the_unhappy_are_hatched(self):
        chart = columns([Group("Nov", {"promoter": 3, "detractor": 1}, {"promoter": "€3"})], TITLE, EN, NUMBERS)

        assert [one.get("class") for one in tree(chart).iter("rect")] == ["detractor", None, "promoter"]
        assert [cell.text for cell in chart.table.rows[0]] == ["Nov", "€3", "", ""]

    def test_other_questions_have_their_groups(self):
        chart = columns([Group("Nov", {"favourable": 3}, {"favourable": "3"})], TITLE, EN, NUMBERS)

        assert chart.table.head == ("Time", "Favourable", "Neutral", "Unfavourable")


@pytest.mark.parametrize("count", [1, 2, 7, 12, 31, 60, 365])
@pytest.mark.parametrize("width", [3, 6, 10, 14])
def test_labels_of_an_axis_do_not_touch_each_other(count, width):
    found = [ET.fromstring(str(one)) for one in axis_labels(["m" * width] * count, 10)]  # noqa: S314  # of our own making

    wide, ends = width * 6.9, []
    for one in found:
        at = float(one.get("x").removesuffix("%")) / 100 * 280
        left = {"start": at, "middle": at - wide / 2, "end": at - wide}[one.get("class")]
        assert not ends or left >= ends[-1] + 4
        assert left >= -0.5
        assert left + wide <= 280.5
        ends.append(left + wide)
    assert found
