"""The ribbon: high where the score is high, wide where many answer, and nothing that could leave the drawing."""

import re

import pytest

from afterbill_console.charts import ribbon as r
from afterbill_console.charts.scores import SHARE
from afterbill_console.numbers import Numbers
from afterbill_console.texts import texts
from afterbill_dev.console.world import ZONE

T, EN = texts("en"), Numbers("en", ZONE)


def stop(label="Purchase", n=100, share=0.5, score=10.0, *, few=False, **more):
    low, high = (None, None) if score is None else (score - 5, score + 5)
    return r.Stop(label, n, share, score, low, high, few, **more)


def drawn(*stages, **more):
    return r.ribbon([r.Stretch(stage) for stage in stages], "Purchase costs most", T, EN, **more)


def edges(chart):
    """The heights of the two edges of the ribbon at its begin."""
    path = re.search(r'class="ribbon-band" d="M0 ([\d.]+)L.*L0 ([\d.]+)z"', chart.svg)
    return float(path[1]), float(path[2])


def test_it_is_wider_where_more_answered():
    narrow, wide = edges(drawn(stop(share=0.1))), edges(drawn(stop(share=0.9)))

    assert wide[1] - wide[0] > narrow[1] - narrow[0]


def test_it_is_higher_where_the_score_is_higher():
    assert edges(drawn(stop(score=90.0)))[0] < edges(drawn(stop(score=-90.0)))[0]


def test_a_stage_without_answers_is_a_hair_in_the_middle():
    upper, lower = edges(drawn(stop(score=None, n=0, share=0.0)))

    assert lower - upper == pytest.approx(r.THINNEST)
    assert (upper + lower) / 2 == pytest.approx((r.BEST + r.WORST) / 2)


def test_a_share_of_content_answers_has_an_axis_of_its_own():
    assert edges(drawn(stop(score=0.0), lowest=SHARE))[0] > edges(drawn(stop(score=0.0)))[0]


@pytest.mark.parametrize("score", [-100.0, 100.0])
def test_nothing_leaves_the_drawing(score):
    chart = drawn(stop(score=score, share=1.0), stop(score=-score, share=1.0))
    heights = [float(y) for y in re.findall(r'\b(?:y|cy)="([\d.]+)"', chart.svg)]

    assert min(*edges(chart), *heights) > 0
    assert max(*edges(chart), *heights) < r.HEIGHT


def test_touchpoints_are_dots_and_hollow_where_few_answered():
    points = [stop("Order paid"), stop("Renewal", few=True), stop("Refund", n=3, score=None)]
    chart = r.ribbon([r.Stretch(stop(), points)], "t", T, EN)

    assert chart.svg.count("<circle") == 2
    assert 'class="hollow"' in chart.svg
    assert [note.kind for note in chart.notes] == ["hollow"]


def test_the_table_has_the_stages_and_their_touchpoints():
    chart = r.ribbon([r.Stretch(stop(), [stop("Order paid", link="/app/responses?x=1")])], "t", T, EN)
    first, second = chart.table.rows

    assert [cell.text for cell in first][:2] == ["Purchase", "10"]
    assert second[0].link == "/app/responses?x=1"


def test_names_are_escaped():
    assert "<script>" not in drawn(stop("<script>alert(1)</script>")).svg


def test_without_stages_there_is_nothing_to_draw():
    assert "ribbon-band" not in drawn().svg
