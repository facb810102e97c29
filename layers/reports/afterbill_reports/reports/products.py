"""The score of each product, and whether it differs from the answers about the others."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from afterbill.insight.nps import Tally
from afterbill.insight.reports.asked import Asked, Body, Engine, ReportRules, Scope
from afterbill.insight.tally import OTHER
from afterbill_reports.reports import sql
from afterbill_reports.reports.rows import Why, apart, judged, scored, tally_of, unsaid

MOST_PRODUCTS = 50
"""Products with a row, those with most answers."""

_SOLD = """
, sold AS (
    SELECT DISTINCT id AS sold_id, product FROM answers CROSS JOIN UNNEST(products) AS p(product) WHERE product <> ''
)
"""  # nothing but constants
"""An answer counts once for each product of its fact, however often that is on the bill."""

NAMED = f"""{sql.FACTS}{_SOLD}
SELECT {sql.scopes()}, product, {sql.COUNTS} FROM sold JOIN answers ON sold_id = id {sql.grouped("product")}
"""  # noqa: S608  # nothing but constants

ALL = f"""{sql.FACTS}{_SOLD}
SELECT {sql.scopes()}, {sql.COUNTS} FROM answers WHERE id IN (SELECT sold_id FROM sold) {sql.grouped()}
"""  # noqa: S608  # nothing but constants

STATEMENTS = (NAMED, ALL)


def compute(engine: Engine, asked: Asked, rules: ReportRules) -> Mapping[Scope, Body]:
    """Return each product with its score and its difference from all other answers that name products.

    `total` are these answers. Those with most answers have rows; the others are one row `other`, which has no score.
    """
    given = sql.parameters(asked, rules)
    everybody = {scope: tally_of(counts) for scope, counts in sql.by_scope(engine.rows(ALL, given), rules)}
    products: dict[Scope, dict[str, Tally]] = defaultdict(dict)
    for scope, (product, *counts) in sql.by_scope(engine.rows(NAMED, given), rules):
        products[scope][product] = tally_of(counts)
    kept = sql.stored({scope: tally.n for scope, tally in everybody.items()}, asked)
    return {scope: _body(asked, everybody.get(scope, Tally()), products[scope]) for scope in kept}


def _body(asked: Asked, everybody: Tally, products: Mapping[str, Tally]) -> Body:
    order = sorted(products, key=lambda product: (-products[product].n, product))
    rows = [_row(asked, product, products[product], everybody) for product in order[:MOST_PRODUCTS]]
    compared = judged(rows)
    rest = order[MOST_PRODUCTS:]
    if rest:
        rows.append(_other(len(rest), sum(products[product].n for product in rest)))
    return {"rows": rows, "total": scored(asked.question, everybody), "comparisons": compared}


def _row(asked: Asked, product: str, tally: Tally, everybody: Tally) -> dict[str, Any]:
    rest = Tally(tuple(all_of - mine for all_of, mine in zip(everybody.ratings, tally.ratings, strict=True)))
    apart_from_rest = apart(asked.question, tally, rest, Why.NOTHING_ELSE, "difference")
    return {"value": product, **scored(asked.question, tally), **apart_from_rest}


def _other(products: int, n: int) -> dict[str, Any]:
    nothing = dict.fromkeys(("score", "low", "high", "difference", "p", "q"))
    return {"value": OTHER, "products": products, "n": n, **nothing, "real": False, **unsaid(Why.MERGED)}
