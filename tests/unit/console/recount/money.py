"""What the reports about customers and money have to say of a history; survival is that of lifelines.

Amounts of the history are in euros, and so is the operator: nothing is converted.
"""

import warnings
from collections import Counter
from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from scipy.stats import chi2

from tests.unit.console.recount.facts import DAY, FEW, LEAST, Body, Fact, History, apart, by, interval, judged, scored

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of pandas, about its own future
    from lifelines import KaplanMeierFitter
    from lifelines.statistics import multivariate_logrank_test

GROUPS = ("promoter", "passive", "detractor")
PAID = frozenset({"payment_succeeded", "payment_recovered", "subscription_started", "renewed", "order_paid"})
RETURNED = frozenset({"refunded", "payment_reversed"})
GOING_ON = frozenset({"subscription_started", "trial_converted", "renewed", "upgraded", "downgraded"})
TROUBLE = frozenset({"payment_failed", "payment_reversed", "refunded", "disputed", "order_cancelled"})
CHANGED = frozenset({"subscription_started", "upgraded", "downgraded"})
OUTCOMES = {
    "retention": {"cancelled"},
    "renewal": {"renewed"},
    "upgrade": {"upgraded"},
    "repeat_purchase": {"payment_succeeded", "order_paid"},
    "refund": {"refunded"},
    "failed_payment": {"payment_failed"},
}
DAYS = (0, 7, 14, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330, 365)


def last_of_each(answers: Sequence[Fact]) -> list[Fact]:
    """The last answer of each customer."""
    return list({one.customer: one for one in answers}.values())


def first_of_each(answers: Sequence[Fact]) -> list[Fact]:
    return last_of_each(list(reversed(answers)))


def pays(history: History, answer: Fact) -> int | None:
    """The newest recurring amount that was known when somebody answered."""
    assert answer.answered_at
    known = [one for one in history.of(answer.customer) if one.recurring is not None and one.at <= answer.answered_at]
    return known[-1].recurring if known else None


def gone(facts: Sequence[Fact]) -> bool:
    """True where the newest end of a subscription, of facts in order, was not followed by anything of one."""
    turns = [one.touchpoint for one in facts if one.touchpoint in GOING_ON | {"cancelled"}]
    return bool(turns) and turns[-1] == "cancelled"


def known_of(history: History, customer: str) -> list[Fact]:
    """What happened to a customer until the last day that is looked at."""
    return [one for one in history.of(customer) if one.day <= history.last]


def average(amounts: Sequence[int]) -> int | None:
    return round(Fraction(sum(amounts), len(amounts))) if amounts else None


def money_of(amounts: Sequence[int | None]) -> Body:
    """The sum of what is known of these customers; null where there are some, and nothing is known of any."""
    known = [amount for amount in amounts if amount is not None]
    counts = {"currency": "EUR", "with_amount": len(known), "without_amount": len(amounts) - len(known)}
    return {"recurring_minor": None if amounts and not known else sum(known), **counts}


# Revenue


def revenue(history: History) -> Body:
    """What customers of each group pay, by their last answer, and the score in which everybody weighs what they pay."""
    lasts = last_of_each(history.answers)
    amounts = {one.customer: pays(history, one) for one in lasts}
    whole = sum(amount or 0 for amount in amounts.values())
    rows = [
        row | {"share": (row["recurring_minor"] or 0) / whole if whole else None} for row in paid_by(history, lasts)
    ]
    months = sorted({f"{one.answered:%Y-%m}" for one in history.answers})
    over_time = [
        {"month": month} | row
        for month in months
        for row in paid_by(history, last_of_each([one for one in history.answers if f"{one.answered:%Y-%m}" == month]))
    ]
    return {
        "currency": "EUR",
        "weighted": weighted([(one, amounts[one.customer] or 0) for one in lasts if amounts[one.customer] is not None]),
        "rows": rows,
        "at_risk": at_risk(history, [one for one in lasts if one.standing == "detractor"]),
        "over_time": over_time,
        "without_rate": [],
        "paid_without_rate": [],
        "customers": len(lasts),
        "without_amount": sum(amount is None for amount in amounts.values()),
        "unknown": 0,
    }


def paid_by(history: History, lasts: Sequence[Fact]) -> list[Body]:
    """What customers of each group pay a month, and paid in all."""
    rows = []
    for group in GROUPS:
        mine = [one for one in lasts if one.standing == group]
        amounts = [pays(history, one) for one in mine]
        sums = [paid for one in mine if (paid := paid_ever(known_of(history, one.customer))) is not None]
        rows.append(
            {"category": group, "customers": len(mine)}
            | money_of(amounts)
            | {"average_minor": average([amount for amount in amounts if amount is not None])}
            | {"paid_minor": sum(sums), "payers": len(sums), "lifetime_minor": average(sums)}
        )
    return rows


def paid_ever(facts: Sequence[Fact]) -> int | None:
    """All that arrived less what went back; None where nothing ever did either."""
    moved = [(one.touchpoint, abs(one.money)) for one in facts if one.money and one.touchpoint in PAID | RETURNED]
    return sum(-amount if touchpoint in RETURNED else amount for touchpoint, amount in moved) if moved else None


def at_risk(history: History, unhappy: Sequence[Fact]) -> Body:
    """What those pay who are not content and still there, and those who are leaving."""
    known = [(amount, one) for one in unhappy if (amount := pays(history, one)) is not None]
    left = [amount for amount, one in known if gone(known_of(history, one.customer))]
    return {
        "customers": len(known) - len(left),
        "recurring_minor": sum(amount for amount, _ in known) - sum(left),
        "currency": "EUR",
        "lost_customers": len(left),
        "lost_minor": sum(left),
    }


def weighted(paying: Sequence[tuple[Fact, int]]) -> Body:
    """The score of customers who weigh what they pay, on Kish's effective number; their plain score beside it."""
    assert len(paying) >= LEAST
    whole = sum(amount for _, amount in paying)
    n_eff = whole**2 / sum(amount**2 for _, amount in paying)
    liked, disliked = (
        n_eff * sum(amount for one, amount in paying if one.standing == group) / whole
        for group in ("promoter", "detractor")
    )
    low, high = interval(liked, disliked, n_eff)
    plain = scored([one for one, _ in paying])
    return {
        "n": len(paying),
        "score": 100 * (liked - disliked) / n_eff,
        "low": low,
        "high": high,
        "n_eff": n_eff,
        "largest_share": max(amount for _, amount in paying) / whole,
        "plain": {name: plain[name] for name in ("score", "low", "high")},
        "few": n_eff < FEW,
    } | ({"caution": "few_weigh"} if n_eff < LEAST else {})


# Outcomes


def outcomes(history: History) -> Body:
    """The share of each group without an event by the days after the first answer, and if the groups really differ."""
    found = {}
    for name, events in OUTCOMES.items():
        people, left_out = followed(history, name, events)
        rows = [row for group in GROUPS for row in curve(group, people.get(group, []))]
        found[name] = {"rows": rows, "logrank": logrank(people), "left_out": left_out}
    tests = [one["logrank"] for one in found.values() if not one["logrank"].get("few")]
    for one in found.values():
        one["logrank"] |= {"q": None, "real": False}
    return {
        "outcome": "retention",
        "rows": found["retention"]["rows"],
        "logrank": found["retention"]["logrank"],
        "outcomes": found,
        "comparisons": judged(tests),
        "unknown": 0,
    }


Followed = list[tuple[int, bool]]
"""The days of each customer until it happened, or for which they were followed without it."""


def followed(history: History, name: str, events: set[str]) -> tuple[dict[str, Followed], int]:
    """The customers of each group, followed one by one, and how many could not be asked the question."""
    people: dict[str, Followed] = {}
    left_out = 0
    for answer in first_of_each(history.answers):
        assert answer.answered_at
        assert answer.answered
        mine = history.of(answer.customer)
        if name in {"retention", "renewal", "upgrade"} and gone([o for o in mine if o.at <= answer.answered_at]):
            left_out += 1
            continue
        later = [one.day for one in mine if one.touchpoint in events and one.at > answer.answered_at]
        days = (min(later, default=history.end) - answer.answered).days
        people.setdefault(answer.standing, []).append((days, bool(later)))
    return people, left_out


def curve(group: str, people: Followed) -> list[Body]:
    """The estimate of Kaplan and Meier on each day that has a row, as far as anybody was followed."""
    if not people:
        return []
    longest = max(days for days, _ in people)
    judge = KaplanMeierFitter().fit(*zip(*people, strict=True))
    low, high = judge.confidence_interval_.iloc[:, 0], judge.confidence_interval_.iloc[:, 1]
    rows = []
    for day in sorted({*(day for day in DAYS if day <= longest), longest}):
        left = float(judge.predict(day))
        sure = 0 < left < 1
        rows.append(
            {
                "category": group,
                "day": day,
                "at_risk": sum(days >= day for days, _ in people),
                "survival": left,
                "low": float(low[low.index <= day].iloc[-1]) if sure else None,
                "high": float(high[high.index <= day].iloc[-1]) if sure else None,
            }
        )
    return rows


def logrank(people: dict[str, Followed]) -> Body:
    """The test of Mantel and Cox; none where it happened to nobody, and nothing is real where a group is small."""
    every = [(days, group, event) for group, mine in people.items() for days, event in mine]
    if not any(event for _, _, event in every) or len(people) < 2:
        return {"chi2": None, "df": None, "p": None}
    statistic = float(multivariate_logrank_test(*zip(*every, strict=True)).test_statistic)
    df = len(compared(people)) - 1
    few = min(map(len, people.values())) < FEW
    return {"chi2": statistic, "df": df, "p": float(chi2.sf(statistic, df)), "few": few}


def compared(people: dict[str, Followed]) -> set[str]:
    """The groups that were still followed, others beside them, on a day on which it happened.

    A group of which nobody was left adds no degree of freedom, as in survdiff of R; lifelines counts it.
    """
    found: set[str] = set()
    for moment in {days for mine in people.values() for days, event in mine if event}:
        there = {group for group, mine in people.items() if any(days >= moment for days, _ in mine)}
        found |= there if len(there) > 1 else set()
    return found


# Billing

STEPS = ("payment_succeeded", "payment_recovered", "subscription_started", "renewed", "order_paid", "payment_failed")
ENDED = PAID | {"cancelled"}
BY = ("all", "source", "payment_method")


def billing(history: History) -> Body:
    """The score after each step of a bill, in all, by source and by way to pay, and how long payments stay open."""
    steps = by((one for one in history.answers if one.touchpoint in STEPS), lambda one: one.touchpoint)
    steps["dunning"] = [one for one in history.answers if is_open(history, one)]
    spells = failures(history)
    rows = []
    for step in (*STEPS, "dunning"):
        for dimension in BY:
            mine = by(steps.get(step, []), lambda one, name=dimension: one.values.get(name, "all"))
            open_ones = by((one for one, _ in spells), lambda one, name=dimension: one.values.get(name, "all"))
            there = {*mine, *(open_ones if step == "payment_failed" else ())}
            for value in sorted(there, key=lambda value: (-len(mine.get(value, [])), value)):
                row = {"step": step, "dimension": dimension, "value": value} | scored(mine.get(value, []))
                row |= {"reasons": reasons(mine.get(value, []))}
                if step == "payment_failed":
                    row |= {"until_paid": until_paid([s for one, s in spells if one in open_ones.get(value, [])])}
                rows.append(row)
    return {"rows": rows}


def reasons(answers: Sequence[Fact]) -> list[Body]:
    named = Counter(one.reason for one in answers if one.reason != "none")
    return [{"reason": name, "n": n} for name, n in sorted(named.items(), key=lambda item: (-item[1], item[0]))]


def is_open(history: History, answer: Fact) -> bool:
    """True where a payment had failed when somebody answered, and nothing had come since."""
    assert answer.answered_at
    turns = [one for one in history.of(answer.customer) if one.touchpoint in ENDED | {"payment_failed"}]
    before = [one.touchpoint for one in turns if one.at <= answer.answered_at]
    return bool(before) and before[-1] == "payment_failed"


def failures(history: History) -> list[tuple[Fact, tuple[int, bool]]]:
    """The first of each series of failed payments of these days, with the days until the next payment came."""
    found, chosen = [], {one.id for one in history.chosen}
    for mine in by(history.facts, lambda one: one.customer).values():
        bills = sorted((one for one in mine if one.touchpoint in PAID | {"payment_failed"}), key=lambda one: one.at)
        for place, one in enumerate(bills):
            again = place and bills[place - 1].touchpoint == "payment_failed"
            if one.touchpoint != "payment_failed" or again or not history.holds(one.day) or one.id not in chosen:
                continue
            paid = next((later.day for later in bills[place:] if later.touchpoint in PAID), None)
            found.append((one, ((paid or history.end) - one.day, paid is not None)))
    return [(one, (span.days, paid)) for one, (span, paid) in found]


def until_paid(spells: Followed) -> Body:
    """How many payments failed, how many were made good, and the days after which half of them were."""
    paid = sum(event for _, event in spells)
    return {"failed": len(spells), "paid": paid, "open": len(spells) - paid, "median_days": median(spells)}


def median(spells: Followed) -> int | None:
    """The first day on which half are left, or fewer; in fractions, since floats may miss the half itself."""
    left = Fraction(1)
    for day in sorted({days for days, event in spells if event}):
        at_risk = sum(days >= day for days, _ in spells)
        left *= 1 - Fraction(sum(event and days == day for days, event in spells), at_risk)
        if left <= Fraction(1, 2):
            return day
    return None


# Products and changes


def products(history: History) -> Body:
    """Each product against all other answers that name one; an answer counts once for each of its products."""
    naming = [one for one in history.answers if one.products]
    names = Counter(name for one in naming for name in set(one.products))
    assert len(names) <= 50, "of more the rest is one row"
    rows = []
    for name in sorted(names, key=lambda name: (-names[name], name)):
        mine, rest = ([one for one in naming if (name in one.products) is there] for there in (True, False))
        rows.append({"value": name} | scored(mine) | apart(mine, rest, "difference"))
    return {"rows": rows, "total": scored(naming), "comparisons": judged(rows)}


def changes(history: History) -> Body:
    """From which group to which customers went, since the days before and within these; and whom to talk to."""
    now, then = last_of_each(history.answers), {one.customer: one for one in last_of_each(history.before.answers)}
    first = {one.customer: one for one in first_of_each(history.answers)}
    here = {one.customer for one in now}
    return {
        "before": {"first": str(history.before.first), "last": str(history.before.last)},
        "rows": moves(history, [(then[one.customer], one) for one in now if one.customer in then]),
        "within": moves(history, [(first[one.customer], one) for one in now if first[one.customer] is not one]),
        "only_now": len(here - then.keys()),
        "only_before": len(then.keys() - here),
        "without_rate": [],
        "candidates": candidates(history, now),
    }


def moves(history: History, pairs: Sequence[tuple[Fact, Fact]]) -> list[Body]:
    """A row for each pair of groups that occurs, with what these customers pay now."""
    cells: dict[tuple[str, str], list[int | None]] = {}
    for then, now in pairs:
        cells.setdefault((then.standing, now.standing), []).append(pays(history, now))
    order = sorted(cells, key=lambda cell: tuple(map(GROUPS.index, cell)))
    return [{"from": cell[0], "to": cell[1], "n": len(cells[cell])} | money_of(cells[cell]) for cell in order]


def candidates(history: History, lasts: Sequence[Fact]) -> Body:
    """Who is content, still there and had no trouble since; of those, who pays and did not change of late."""
    ready = [one for one in lasts if one.standing == "promoter" and one.confirmed and untroubled(history, one)]
    ready.sort(key=lambda one: (-one.answered_at.timestamp() if one.answered_at else 0, one.customer))
    quiet = history.last - 90 * DAY
    more = [one for one in ready if (pays(history, one) or 0) > 0 and last_change(history, one) < quiet]
    lists = {"referral": ready, "upsell": more}
    counts = {name: {"n": len(some)} for name, some in lists.items()}
    if history.where or history.then:
        return counts  # nobody is named under a filter, nor for a month
    return {name: counts[name] | {"customers": [one.customer for one in some][:200]} for name, some in lists.items()}


def untroubled(history: History, answer: Fact) -> bool:
    assert answer.answered_at
    known = known_of(history, answer.customer)
    trouble = any(one.touchpoint in TROUBLE and one.at > answer.answered_at for one in known)
    return not trouble and not gone(known)


def last_change(history: History, answer: Fact) -> date:
    known = known_of(history, answer.customer)
    return max((one.day for one in known if one.touchpoint in CHANGED), default=date.min)
