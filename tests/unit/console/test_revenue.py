"""Revenue and outcomes: five views, each of one report; people for those alone who may see people."""

from dataclasses import replace

import pytest

from afterbill.model.questions import Question
from afterbill_console.pages.revenue.categories import rating_of
from afterbill_console.pages.revenue.outcomes import common_day
from afterbill_console.roles import Role
from afterbill_dev.console.world import World
from tests.unit.console.pages import EN, answered, opened, report, with_reports

PAGE = "/app/revenue?window=365d"


def view(name, **more):
    return f"{PAGE}&view={name}" + "".join(f"&{key}={value}" for key, value in more.items())


class TestViews:
    def test_without_a_name_it_is_revenue(self, world: World):
        assert "Score weighted by revenue" in opened(world, PAGE).headings
        assert "Score weighted by revenue" in opened(world, view("nonsense")).headings

    def test_each_leads_to_the_others_with_the_same_filters(self, world: World):
        links = opened(world, "/app/revenue?window=90d&where=plan%3ATeam").links

        assert "/app/revenue?window=90d&where=plan%3ATeam&view=outcomes" in links

    def test_the_ratings_of_a_category_are_those_of_its_question(self):
        assert [rating_of(Question.NPS, name) for name in ("promoter", "passive", "detractor")] == [
            "9-10",
            "7-8",
            "0-6",
        ]
        assert rating_of(Question.CSAT, "favourable") == "4-5"
        assert rating_of(Question.CES, "unfavourable") == "1-3"


class TestAmounts:
    def test_every_category_has_the_amounts_of_the_report(self, world: World):
        page, found = opened(world, PAGE), report(world, "revenue")
        for cells, row in zip(page.rows("revenue-categories"), found["rows"], strict=True):
            assert cells[1].split(" ")[0] == EN.count(row["customers"])
            assert cells[2:] == [
                EN.money(row["recurring_minor"], "EUR"),
                EN.share(row["share"]),
                EN.money(row["average_minor"], "EUR"),
                EN.money(row["paid_minor"], "EUR"),
                EN.money(row["lifetime_minor"], "EUR"),
            ]

    def test_customers_are_those_of_a_recount(self, world: World):
        last = {one.customer_id: one for one in sorted(answered(world), key=lambda one: (one.answered_at, one.id))}
        counted = [
            sum(rating.answer.rating in ratings for rating in last.values())
            for ratings in (range(9, 11), range(7, 9), range(7))
        ]
        page = opened(world, PAGE)

        assert [cells[1].split(" ")[0] for cells in page.rows("revenue-categories")] == list(map(EN.count, counted))

    def test_recurring_amounts_are_those_of_a_recount(self, world: World):
        facts = answered(world)
        last = {one.customer_id: one for one in sorted(facts, key=lambda one: (one.answered_at, one.id))}
        bad = [one for one in last.values() if one.answer.rating <= 6 and one.recurring]
        cells = opened(world, PAGE).rows("revenue-categories")[2]

        assert cells[2] == EN.money(sum(one.recurring.money.amount for one in bad), "EUR")

    def test_the_weighted_score_has_its_effective_number_and_its_largest_account(self, world: World):
        page, weighted = opened(world, PAGE), report(world, "revenue")["weighted"]

        assert f"As good as {EN.count(weighted['n_eff'])} answers of equal weight" in page.text
        assert f"the largest account has {EN.share(weighted['largest_share'], 1)} of the revenue" in page.text

    def test_what_is_at_risk_is_that_of_the_report_and_leads_to_the_answers(self, world: World):
        page, risk = opened(world, PAGE), report(world, "revenue")["at_risk"]

        assert EN.money(risk["recurring_minor"], "EUR") in page.text
        assert f"{risk['customers']} customers who are not content and still there" in page.text
        assert [link for link in page.links if link.startswith("/app/responses") and "rating=0-6" in link]

    def test_each_month_has_its_averages(self, world: World):
        page, found = opened(world, PAGE), report(world, "revenue")
        rows = page.rows("revenue-months")
        months = sorted({row["month"] for row in found["over_time"]})

        assert [cells[0] for cells in rows] == [EN.month(month) for month in months]
        for cells, month in zip(rows, months, strict=True):
            there = [row for row in found["over_time"] if row["month"] == month]
            assert cells[1:] == [
                f"{EN.money(row['average_minor'], 'EUR')} {EN.money(row['lifetime_minor'], 'EUR')}" for row in there
            ]

    def test_what_has_no_rate_stands_beside_the_sums(self, world: World):
        found = report(world, "revenue")
        foreign = [{"currency": "USD", "customers": 2, "minor": 500}]
        weighted = found["weighted"] | {"caution": "one_account", "because": "-"}
        changed = found | {
            "without_rate": foreign,
            "paid_without_rate": foreign,
            "unknown": 3,
            "weighted": weighted,
        }
        with_reports(world, bodies={"revenue": changed})
        page = opened(world, PAGE)

        assert "2 customers pay $5.00, which no exchange rate converts" in page.text
        assert "2 customers paid $5.00, which no exchange rate converts" in page.text
        assert "3 answers belong to nobody whom we know." in page.text
        assert "One account has more than half of the revenue" in page.text

    def test_without_amounts_there_is_no_chart_of_them(self, world: World):
        page = opened(world, f"{PAGE}&where=source%3Ashop")

        assert "No recurring amount is known" in page.text
        assert "revenue-months" not in page.tables


class TestOutcomes:
    @pytest.mark.parametrize(
        "outcome", ["retention", "renewal", "upgrade", "repeat_purchase", "refund", "failed_payment"]
    )
    def test_the_risk_table_has_the_figures_of_the_report(self, world: World, outcome):
        page = opened(world, view("outcomes", outcome=outcome))
        rows = report(world, "outcomes")["outcomes"][outcome]["rows"]
        shown = {
            (cells[0], f"{cell.partition(' %')[0]} %") for cells in page.rows("outcomes-risk") for cell in cells[1:]
        }

        assert {(EN.count(row["day"]), EN.share(row["survival"], 1)) for row in rows} <= shown
        assert all(f"{EN.count(row['at_risk'])} followed" in page.text for row in rows)

    def test_all_six_are_judged_in_words(self, world: World):
        page = opened(world, view("outcomes"))

        assert [cells[0] for cells in page.rows("outcomes-all")] == [
            "Subscription kept",
            "Renewed",
            "Upgraded",
            "Bought again",
            "Refunded",
            "Payment failed",
        ]
        assert "This happened to nobody who can be followed." in page.text

    @pytest.mark.parametrize(
        ("logrank", "words"),
        [
            ({"chi2": 9.0, "df": 2, "p": 0.0001, "q": 0.0004, "few": False, "real": True}, "The groups really differ"),
            ({"chi2": 1.0, "df": 2, "p": 0.6, "q": 0.8, "few": False, "real": False}, "No real difference between"),
            (
                {"chi2": 1.0, "df": 2, "p": 0.6, "q": None, "few": True, "real": False, "why": "few_to_compare"},
                "Too few customers in one of the groups",
            ),
        ],
    )
    def test_the_log_rank_test_is_told_in_words(self, world: World, logrank, words):
        found = report(world, "outcomes")
        retention = found["outcomes"]["retention"] | {"logrank": logrank}
        with_reports(world, bodies={"outcomes": found | {"outcomes": found["outcomes"] | {"retention": retention}}})
        page = opened(world, view("outcomes"))

        assert words in page.text
        assert logrank["real"] != any("(no real difference)" in one for one in page.headings)

    def test_nobody_who_can_be_followed_leaves_nothing_to_draw(self, world: World):
        nothing = {"rows": [], "logrank": {"chi2": None, "df": None, "p": None, "why": "nobody_known", "real": False}}
        found = report(world, "outcomes")
        outcomes = dict.fromkeys(found["outcomes"], nothing | {"left_out": 0})
        with_reports(world, bodies={"outcomes": found | {"outcomes": outcomes, "unknown": 4}})
        page = opened(world, view("outcomes"))

        assert "outcomes-risk" not in page.tables
        assert "4 answers belong to nobody whom we know." in page.text

    def test_a_title_speaks_of_a_day_to_which_enough_were_followed(self):
        def rows(*steps):
            return [{"day": day, "at_risk": n, "survival": 1.0} for day, n in steps]

        assert common_day({"a": rows((0, 50), (30, 20), (60, 9)), "b": rows((0, 50), (30, 12), (60, 11))}) == 30
        assert common_day({"a": rows((0, 50)), "b": rows((0, 50), (30, 12))}) is None
        assert common_day({}) is None

    def test_of_one_category_alone_the_title_compares_nothing(self, world: World):
        rows = [
            {"category": "passive", "day": day, "at_risk": 50, "survival": 1.0, "low": None, "high": None}
            for day in (0, 30)
        ]
        found = report(world, "outcomes")
        retention = found["outcomes"]["retention"] | {"rows": rows}
        with_reports(world, bodies={"outcomes": found | {"outcomes": found["outcomes"] | {"retention": retention}}})

        assert "Who is still there after an answer" in opened(world, view("outcomes")).headings


class TestBilling:
    def test_each_step_has_the_score_of_the_report(self, world: World):
        page = opened(world, view("billing"))
        for row in report(world, "billing")["rows"]:
            if row["dimension"] == "all" and row["n"]:
                assert f"{EN.score(row['score'])} {EN.count(row['n'])} answers" in page.text

    def test_failed_payments_have_their_median(self, world: World):
        page, rows = opened(world, view("billing")), report(world, "billing")["rows"]
        paid = next(row["until_paid"] for row in rows if "until_paid" in row)

        assert f"{paid['median_days']} days" in page.text
        assert f"{paid['failed']} payments failed: {paid['paid']} made good, {paid['open']} still open" in page.text

    def test_dunning_has_a_name_and_no_list_of_answers(self, world: World):
        known = {"n": 40, "score": -20.0, "low": -40.0, "high": 0.0, "few": False, "reasons": []}
        sources = [{"step": "dunning", "dimension": "source", "value": name, **known} for name in ("stripe", "shop")]
        renewed = [one | {"step": "renewed"} for one in sources]
        rows = [{"step": "dunning", "dimension": "all", "value": "all", **known}, *sources]
        rows += [{"step": "renewed", "dimension": "all", "value": "all", **known}, *renewed]
        with_reports(world, bodies={"billing": {"rows": rows}})
        page = opened(world, view("billing"))

        assert "While a payment is open scores lowest: −20" in page.headings
        assert [link for link in page.links if "touchpoint=renewed" in link and "source=stripe" in link]
        assert not [link for link in page.links if "dunning" in link]

    def test_days_without_a_failed_payment_say_so(self, world: World):
        nothing = {"failed": 0, "paid": 0, "open": 0, "median_days": None, "why": "nothing_failed", "because": "-"}
        row = {"step": "payment_failed", "dimension": "all", "value": "all", "n": 0, "score": None, "low": None}
        row |= {"high": None, "few": True, "why": "no_answers", "because": "-", "reasons": [], "until_paid": nothing}
        with_reports(world, bodies={"billing": {"rows": [row]}})

        assert "No payment failed in these days." in opened(world, view("billing")).text


class TestProducts:
    def test_each_has_the_figures_of_the_report(self, world: World):
        page, found = opened(world, view("products")), report(world, "products")
        rows = {row["value"]: row for row in found["rows"]}
        for cells in page.rows("products-table"):
            assert cells[1].split(" ")[0] == EN.score(rows[cells[0]]["score"])
            assert cells[2].split(" ")[0] == EN.count(rows[cells[0]]["n"])

    def test_answers_are_those_of_a_recount(self, world: World):
        page = opened(world, view("products"))
        name, n = page.rows("products-table")[0][0], page.rows("products-table")[0][2].split(" ")[0]

        assert n == EN.count(sum(name in one.products for one in answered(world)))

    def test_a_real_difference_is_the_finding_and_the_rest_is_counted(self, world: World):
        known = {"n": 40, "low": 0.0, "high": 30.0, "few": False, "p": 0.01, "q": 0.02}
        rows = [{"value": "Lamp", "score": 40.0, "difference": 33.0, "real": True, **known}]
        rows += [
            {"value": f"Chair {number}", "score": 1.0, "difference": 0.1, "real": False, **known}
            for number in range(40)
        ]
        rows += [{"value": "other", "n": 70, "score": None, "low": None, "high": None, "few": True, "why": "merged"}]
        with_reports(world, bodies={"products": report(world, "products") | {"rows": rows}})
        page = opened(world, view("products"))

        assert "Lamp: 33 points above the rest" in page.headings
        assert "11 more values are not shown here." in page.text
        assert "70 answers are about products that are not listed." in page.text

    def test_answers_without_a_product_say_so(self, world: World):
        nothing = {
            "rows": [],
            "total": {"n": 0, "score": None, "low": None, "high": None, "few": True},
            "comparisons": 0,
        }
        with_reports(world, bodies={"products": nothing})

        assert "No answer of these days names a product." in opened(world, view("products")).text


class TestChanges:
    def test_moves_are_those_of_the_report(self, world: World):
        page, found = opened(world, view("changes")), report(world, "changes")
        cells = {(row["from"], row["to"]): row["n"] for row in found["within"]}
        names = ("promoter", "passive", "detractor")

        assert [[int(cell.split(" ")[0]) for cell in row[1:]] for row in page.rows("changes-within")] == [
            [cells.get((then, now), 0) for now in names] for then in names
        ]

    def test_moves_are_those_of_a_recount(self, world: World):
        by_customer = {}
        for one in sorted(answered(world), key=lambda one: (one.answered_at, one.id)):
            by_customer.setdefault(one.customer_id, []).append(one.answer.rating)
        twice = [ratings for ratings in by_customer.values() if len(ratings) > 1]
        stands = [[(rating >= 9) - (rating <= 6) for rating in (ratings[0], ratings[-1])] for ratings in twice]
        up, down = sum(now > then for then, now in stands), sum(now < then for then, now in stands)

        assert (
            f"{len(twice)} customers answered twice: {up} moved up, {down} moved down."
            in opened(world, view("changes")).text
        )

    def test_candidates_are_counted_for_everybody(self, world: World):
        page, found = opened(world, view("changes"), Role.VIEWER), report(world, "changes")

        assert f"recommend you {found['candidates']['referral']['n']} " in page.text
        assert not page.tables.get("candidates")
        assert not world.audit.noted

    def test_without_moves_there_is_no_square(self, world: World):
        with_reports(world, bodies={"changes": report(world, "changes") | {"rows": [], "within": []}})

        assert "changes-within" not in opened(world, view("changes")).tables


class TestPeople:
    def test_who_may_see_people_is_led_to_them_and_it_is_noted_before(self, world: World):
        page = opened(world, view("changes"))
        led = {link.rpartition("/")[2] for link in page.links if link.startswith("/app/customers/")}
        (act,) = world.audit.noted

        assert led
        assert set(act.whose) == led
        assert act.what == "console candidates"
        assert act.who == "console:operator-admin"

    def test_nobody_is_shown_where_it_cannot_be_noted(self, world: World, monkeypatch):
        def fail(_):
            raise RuntimeError("the trail is away")

        monkeypatch.setattr(world.audit, "note", fail)
        with pytest.raises(RuntimeError):
            world.get(view("changes"), world.sign_in())

    def test_the_restricted_and_the_erased_are_not_shown(self, world: World):
        named = report(world, "changes")["candidates"]["referral"]["customers"]
        people = world.table.people
        people[named[0]] = replace(people[named[0]], restricted_at=world.now)
        del people[named[1]]
        page = opened(world, view("changes"))

        assert not [link for link in page.links if named[0] in link or named[1] in link]
        assert f"/app/customers/{named[2]}" in page.links

    def test_who_has_no_name_is_called_by_the_id(self, world: World):
        named = report(world, "changes")["candidates"]["referral"]["customers"]
        world.table.people[named[0]] = replace(world.table.people[named[0]], name=None)

        assert f"Customer {named[0][:8]}" in opened(world, view("changes")).text

    def test_at_most_twenty_of_a_list_are_looked_up(self, world: World):
        page, found = opened(world, view("changes")), report(world, "changes")
        n = found["candidates"]["referral"]["n"]

        assert f"{n - 20} more are not shown here." in page.text

    def test_under_a_filter_nobody_is_named_and_nothing_noted(self, world: World):
        page = opened(world, "/app/revenue?window=365d&where=plan%3ATeam&view=changes")

        assert not [link for link in page.links if link.startswith("/app/customers/")]
        assert not world.audit.noted
