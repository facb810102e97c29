"""Steps of which each holds a part of the one before."""

from collections.abc import Sequence

from afterbill_console.charts import Chart
from afterbill_console.charts.bars import Share, shares
from afterbill_console.numbers import Numbers
from afterbill_console.texts import Texts


def funnel(steps: Sequence[Share], title: str, t: Texts, numbers: Numbers) -> Chart:
    """Return the steps from the widest to the narrowest."""
    return shares(steps, title, t, numbers)
