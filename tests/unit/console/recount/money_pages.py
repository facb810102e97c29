"""The lines that the views of revenue and outcomes have to show of what a recount found."""

from collections.abc import Iterator, Sequence

from tests.unit.console.recount.facts import Body
from tests.unit.console.recount.score_pages import beside, charted, compact, q_of, ranked, standing, verdict
from tests.unit.console.recount.shown import Line
from tests.unit.console.recount.written import (
    chance,
    change,
    count,
    day,
    decimal,
    group,
    money,
    month,
    score,
    share,
    value,
    words,
)

GROUPS = ("promoter", "passive", "detractor")


def revenue(said: Body) -> Iterator[Line]:
    weight = said["weighted"]
    yield from standing(weight)
    yield ("As good as", count(weight["n_eff"]), share(weight["largest_share"], 1))
    same = abs(weight["score"] - weight["plain"]["score"]) < 0.5
    yield ("", *(() if same else (score(weight["score"]),)), score(weight["plain"]["score"]))
    yield charted("Score weighted by revenue", weight)
    yield charted("Plain, same customers", weight["plain"] | {"n": weight["n"]})
    risk = said["at_risk"]
    yield (money(risk["recurring_minor"]),)
    yield (count(risk["customers"]),)
    if risk["lost_customers"]:
        yield (count(risk["lost_customers"]), money(risk["lost_minor"]))
    yield (group("detractor"), share(said["rows"][-1]["share"]))
    for row in said["rows"]:
        yield (group(row["category"]), money(row["recurring_minor"]), share(row["share"]))
    yield (count(said["customers"]),)
    for row in said["rows"]:
        customers = (count(row["customers"]), count(row["with_amount"]))
        sums = (money(row["recurring_minor"]), share(row["share"]), money(row["average_minor"]))
        yield (group(row["category"]), *customers, *sums, money(row["paid_minor"]), money(row["lifetime_minor"]))
    yield from _months(said["over_time"])


def _months(rows: Sequence[Body]) -> Iterator[Line]:
    months = {name: [row for row in rows if row["month"] == name] for name in dict.fromkeys(r["month"] for r in rows)}
    if len(months) > 1:
        ends = [list(months)[place] for place in (0, -1)]
        first, last = (share(_part_of_detractors(months[name])) for name in ends)
        yield ("Detractors", first, month(ends[0]), last, month(ends[1]))
        for name, cells in months.items():
            yield (month(name), *(money(row["recurring_minor"]) for row in cells))
        for name, cells in months.items():
            yield (month(name), *(f"{money(row['average_minor'])} {money(row['lifetime_minor'])}" for row in cells))


def _part_of_detractors(cells: Sequence[Body]) -> float | None:
    whole = sum(row["recurring_minor"] or 0 for row in cells)
    return (cells[-1]["recurring_minor"] or 0) / whole if whole else None


# Outcomes


def outcomes(said: Body, chosen: str) -> Iterator[Line]:
    there = [name for name in GROUPS if any(row["category"] == name for row in said["outcomes"][chosen]["rows"])]
    for name, one in said["outcomes"].items():
        at, shares = _common(name, one["rows"])
        yield (words()[f"outcome_{name}"], count(at), *(share(shares.get(kind)) for kind in there), _said(one))
    yield ("A customer counts", count(said["comparisons"]))
    one = said["outcomes"][chosen]
    yield from _curves(chosen, one, there)
    test = one["logrank"]
    if test["p"] is not None and not test["few"]:
        yield ("" if test["real"] else "No real difference", chance(test["p"]), chance(test["q"]))
    if test["chi2"] is not None:
        yield ("Log-rank test", decimal(test["chi2"], 2), str(test["df"]))
    if one["left_out"]:
        yield ("Without", count(one["left_out"]))
    for at in sorted({row["day"] for row in one["rows"]}):
        by_group = {row["category"]: row for row in one["rows"] if row["day"] == at}
        yield (count(at), *(_followed(by_group.get(kind)) for kind in there))


def _said(one: Body) -> str:
    test = one["logrank"]
    if test["p"] is None:
        return ""
    return "real difference" if test["real"] else "too few to tell" if test["few"] else "no real difference"


def _common(name: str, rows: Sequence[Body]) -> tuple[int | None, dict[str, float]]:
    """The last day to which ten of each group were followed, and the share of each on it."""
    groups = {row["category"] for row in rows}
    days = [
        {row["day"] for row in rows if row["category"] == one and row["at_risk"] >= 10 and row["day"]} for one in groups
    ]
    at = max(set.intersection(*days), default=None) if days else None
    left = {row["category"]: row["survival"] for row in rows if row["day"] == at}
    return at, {kind: part if name == "retention" else 1 - part for kind, part in left.items()}


def _curves(name: str, one: Body, there: Sequence[str]) -> Iterator[Line]:
    at, shares = _common(name, one["rows"])
    if at is not None and {"promoter", "detractor"} <= shares.keys():
        order = ("detractor", "promoter") if name in {"refund", "failed_payment"} else ("promoter", "detractor")
        unsure = "" if one["logrank"]["real"] else "no real difference"
        yield ("", count(at), *(share(shares[kind]) for kind in order), unsure)
    curves = {kind: [row for row in one["rows"] if row["category"] == kind] for kind in there}
    for kind, rows in curves.items():
        yield (group(kind), share(rows[-1]["survival"]), count(rows[-1]["day"]))
    least = min(row["survival"] for row in one["rows"])
    begins = int(least * 10 - 0.5) / 10
    if begins > 0.5:
        yield ("The axis begins at", share(begins))
    listed = [(kind, row) for kind, rows in curves.items() for row in rows]
    for kind, row in listed[:60]:
        yield (group(kind), count(row["day"]), share(row["survival"]), count(row["at_risk"]))


def _followed(row: Body | None) -> str:
    if row is None:
        return share(None)
    interval = "" if row["low"] is None else f"{share(row['low'], 1)} {share(row['high'], 1)}"
    return f"{share(row['survival'], 1)} {interval} {count(row['at_risk'])}"


# Billing


def billing(said: Body) -> Iterator[Line]:
    wholes = [row for row in said["rows"] if row["dimension"] == "all"]
    paid = next((row["until_paid"] for row in wholes if "until_paid" in row), None)
    if paid and paid["failed"]:
        yield (count(paid["median_days"]),)
        yield (count(paid["failed"]), count(paid["paid"]), count(paid["open"]))
    scored = [row for row in wholes if row["score"] is not None]
    if scored:
        worst = min(scored, key=lambda row: row["score"])
        yield (_step_name(worst), score(worst["score"]))
    for row in scored:
        yield charted(_step_name(row), row)
    for row in wholes:
        yield from _step(said["rows"], row)


def _step_name(row: Body) -> str:
    return words()["step_dunning"] if row["step"] == "dunning" else value("touchpoint", row["step"])


def _step(rows: Sequence[Body], whole: Body) -> Iterator[Line]:
    yield from standing(whole)
    if whole["reasons"]:
        yield ("Named most", *(count(one["n"]) for one in whole["reasons"][:3]))
    for by in ("source", "payment_method"):
        mine = [row for row in rows if row["step"] == whole["step"] and row["dimension"] == by and row["n"]]
        for row in mine[:8] if len(mine) > 1 else ():
            yield (value(by, row["value"]), score(row["score"]), beside(row))


# Products and changes


def products(said: Body) -> Iterator[Line]:
    yield from standing(said["total"])
    yield ("Of", count(said["comparisons"]))
    rows = ranked(said["rows"])
    if rows and rows[0]["real"]:
        yield (rows[0]["value"], change(abs(rows[0]["difference"])).removeprefix("+"))
    for row in [row for row in rows if row["score"] is not None][:12]:
        yield charted(row["value"], row)
    for row in rows[:30]:
        yield (row["value"], *compact(row), count(row["n"]), verdict(row, "difference"), q_of(row))
    if len(rows) > 30:
        yield (count(len(rows) - 30),)


def changes(said: Body, named: int | None) -> Iterator[Line]:
    """The page on which so many of each list are named at most; None where nobody is."""
    if said["rows"]:
        yield ("Since", day(said["before"]["first"]), day(said["before"]["last"]))
    for rows in (said["rows"], said["within"]):
        yield from _square(rows)
    yield (count(said["only_now"]), count(said["only_before"]))
    for name in ("referral", "upsell"):
        yield (count(said["candidates"][name]["n"]),)
        if named is not None and (more := said["candidates"][name]["n"] - named) > 0:
            yield (count(more),)


def _square(rows: Sequence[Body]) -> Iterator[Line]:
    if not rows:
        return
    cells = {(row["from"], row["to"]): row for row in rows}
    names = [name for name in GROUPS if any(name in cell for cell in cells)]
    up = sum(row["n"] for row in rows if GROUPS.index(row["to"]) < GROUPS.index(row["from"]))
    down = sum(row["n"] for row in rows if GROUPS.index(row["to"]) > GROUPS.index(row["from"]))
    yield (count(sum(row["n"] for row in rows)), count(up), count(down))
    for then in names:
        yield (group(then), *(_moved(cells.get((then, now))) for now in names))


def _moved(row: Body | None) -> str:
    if row is None:
        return "0"
    return count(row["n"]) + ("" if row["recurring_minor"] is None else f" {money(row['recurring_minor'])}")
