"""Time zones, countries and sending windows, for properties that must hold everywhere."""

from hypothesis import strategies as st

from afterbill.outreach.sending_window import SendingWindow

ZONES = (
    "UTC",
    "Europe/Zurich",
    "America/New_York",
    "America/St_Johns",
    "America/Havana",
    "America/Sao_Paulo",
    "Asia/Tokyo",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Africa/Casablanca",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
)
"""Odd offsets, half-hour changes of the clock, changes at midnight, and both ends of the day."""

PLACES = st.fixed_dictionaries(
    {},
    optional={
        "time_zone": st.sampled_from((*ZONES, "Mars/Phobos")),
        "country": st.sampled_from(("CH", "DE", "US", "JP", "AE", "IL", "NP", "BR", "XX")),
    },
)
"""Zones and countries that a customer may have given, some unknown, some neither."""


@st.composite
def windows(draw: st.DrawFn) -> SendingWindow:
    """Any days and up to three stretches of hours."""
    days = draw(st.frozensets(st.integers(0, 6), min_size=1))
    marks = sorted(draw(st.sets(st.integers(0, 96), min_size=2, max_size=6)))
    hours = tuple((15 * marks[at], 15 * marks[at + 1]) for at in range(0, len(marks) - 1, 2))
    return SendingWindow("any", days, hours, weekends=draw(st.booleans()), holidays=draw(st.booleans()))


WINDOWS = windows()
