"""Steps of which each holds a part of the one before."""

from collections.abc import Sequence

from markupsafe import Markup

from afterbill_actions.texts import Texts
from afterbill_console.charts import Chart
from afterbill_console.charts import drawing as d
from afterbill_console.charts.bars import BAR, BAR_TOP, Bars, Share
from afterbill_console.numbers import Numbers


def funnel(steps: Sequence[Share], title: str, t: Texts, numbers: Numbers) -> Chart:  # noqa: ARG001  # as all charts
    """Return the steps from the widest to the narrowest; behind each stands what the one before held."""
    before = dict(zip(map(id, steps), [1.0, *(one.share for one in steps)], strict=False))

    def bar(one: Share, y: float) -> list[Markup]:
        was = d.inside(before[id(one)])
        return [d.rect(0, y + BAR_TOP, was, BAR, "lost"), d.rect(0, y + BAR_TOP, one.share, BAR, "bar")]

    return Bars(steps, bar).chart(title, "funnel", t)
