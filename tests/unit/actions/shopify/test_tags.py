"""Tags on an order and its customer: exactly ours come and go."""

from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.invitation import Answer
from afterbill_actions.connectors.shopify import tags
from afterbill_actions.exchange import NO_REPLY, Reply
from afterbill_actions.outcome import Denied, Done, Later, NeedsPerson, Outcome, Refused, TaskKind
from tests.unit.actions.answers import HAPPY, Desk, Wire, again, job
from tests.unit.actions.shopify.shop import CUSTOMER, ORDER, Shop, answer, error, shop

CLIENT = {"client_id": "app", "client_secret": "right"}


@pytest.fixture
def store() -> Shop:
    return shop()


@pytest.fixture
def desk(store: Shop) -> Desk:
    return Desk(Wire(store), secret={"token": "shpat_1"})


def tags_of(store: Shop) -> tuple[list[str], list[str]]:
    return store.records[ORDER]["tags"], tags_of_customer(store)


def tags_of_customer(store: Shop) -> list[str]:
    return store.records[CUSTOMER]["tags"]


def test_score_and_band_are_tags_of_the_order_and_of_its_customer(store: Shop, desk: Desk) -> None:
    record = desk.done(tags.write, job())

    assert tags_of(store) == (["theirs", "NPS 3", "NPS detractor"], ["vip", "NPS 3", "NPS detractor"])
    assert record == {
        "order": ORDER,
        "order_tags": "NPS 3|NPS detractor",
        "customer": CUSTOMER,
        "customer_tags": "NPS 3|NPS detractor",
    }
    assert desk.most == 3


def test_a_changed_answer_replaces_its_tags_in_one_document(store: Shop, desk: Desk) -> None:
    record = desk.done(tags.write, job())

    record = desk.done(tags.write, again(job(), record, answer=HAPPY))

    assert tags_of(store) == (["theirs", "NPS 9", "NPS promoter"], ["vip", "NPS 9", "NPS promoter"])
    mutations = [document for document in store.documents if document.startswith("mutation")]
    assert len(mutations) == 2
    assert mutations[1].index("tagsRemove0:") < mutations[1].index("tagsAdd0:")
    assert record["order_tags"] == "NPS 9|NPS promoter"


def test_the_same_again_writes_nothing(store: Shop, desk: Desk) -> None:
    record = desk.done(tags.write, job())
    store.documents.clear()

    assert desk.done(tags.write, again(job(), record)) == record
    assert len(store.documents) == 1


def test_taking_back_and_erasing_remove_exactly_ours(store: Shop, desk: Desk) -> None:
    settings = {"tags": ("VIP", "call back")}
    record = desk.done(tags.write, job(settings=settings))
    assert record["customer_tags"] == "NPS 3|NPS detractor|call back"

    assert desk.run(tags.undo, again(job(None), record)) == Done()

    assert tags_of(store) == (["theirs"], ["vip"])


def test_a_guests_order_has_no_customer(store: Shop, desk: Desk) -> None:
    store.records[ORDER]["customer"] = ""

    record = desk.done(tags.write, job())

    assert set(record) == {"order", "order_tags"}
    assert tags_of(store)[1] == ["vip"]


def test_a_workflow_can_leave_the_customer_out(store: Shop, desk: Desk) -> None:
    desk.done(tags.write, job(settings={"on": ["order"]}))

    assert tags_of(store)[1] == ["vip"]
    assert all("customer" not in document for document in store.documents)


def test_an_answer_about_no_order_tags_the_customer_of_the_source(store: Shop, desk: Desk) -> None:
    about_none = replace(job().invitation, objects={})

    assert set(desk.done(tags.write, job(invitation=about_none))) == {"customer", "customer_tags"}
    assert tags_of(store)[0] == ["theirs"]
    nobody = desk.run(tags.write, job(invitation=about_none, customer_ids=("not a number",)))
    assert isinstance(nobody, NeedsPerson)


def test_an_order_that_shopify_does_not_show_is_a_persons_task(store: Shop, desk: Desk) -> None:
    del store.records[ORDER]

    outcome = desk.run(tags.write, job())

    assert isinstance(outcome, NeedsPerson)
    assert outcome.kind is TaskKind.RECORD_MISSING
    assert "read_all_orders" in outcome.reason


def test_a_tag_with_a_comma_stays_one_tag(store: Shop, desk: Desk) -> None:
    desk.done(tags.write, job(settings={"tags": ("a, b",)}))

    assert tags_of(store)[0][-1] == "a  b"


def test_a_tag_that_shopify_dropped_is_told_and_the_others_are_known(store: Shop, desk: Desk) -> None:
    store.drops = frozenset({"苦情"})
    wanted = job(settings={"tags": ("苦情",)})

    outcome = desk.run(tags.write, wanted)

    assert isinstance(outcome, NeedsPerson)
    assert (outcome.kind, outcome.details) == (TaskKind.ACTION_REFUSED, {"tags": "苦情"})


def test_a_customer_who_is_no_longer_that_of_the_order_loses_our_tags(store: Shop, desk: Desk) -> None:
    record = desk.done(tags.write, job())
    store.records["gid://shopify/Customer/9"] = {"id": "gid://shopify/Customer/9", "tags": []}
    store.records[ORDER]["customer"] = "gid://shopify/Customer/9"

    desk.done(tags.write, again(job(), record, answer=HAPPY))

    assert tags_of(store)[1] == ["vip"]
    assert store.records["gid://shopify/Customer/9"]["tags"] == ["NPS 9", "NPS promoter"]


@pytest.mark.parametrize("gone", [(ORDER,), (CUSTOMER,), (ORDER, CUSTOMER)])
def test_taking_back_passes_over_what_is_gone(store: Shop, desk: Desk, gone: tuple[str, ...]) -> None:
    record = desk.done(tags.write, job())
    for id_ in gone:
        del store.records[id_]

    assert desk.run(tags.undo, again(job(), record)) == Done()
    assert all("NPS 3" not in one["tags"] for one in store.records.values())
    assert desk.most <= 3


def test_what_is_gone_can_be_asked_for_in_vain(store: Shop, desk: Desk) -> None:
    record = desk.done(tags.write, job())
    del store.records[ORDER]
    desk.wire.faults = {len(desk.wire.sent) + 2: Reply(500)}

    assert desk.run(tags.undo, again(job(), record)) == Later("status 500")


def test_with_a_token_to_buy_what_is_gone_is_found_in_the_next_attempt(store: Shop, desk: Desk) -> None:
    record = desk.done(tags.write, job())
    del store.records[CUSTOMER]
    desk.secret = CLIENT

    first = desk.run(tags.undo, again(job(), record))

    assert first == Later("the requests of one step are used up", timedelta(0))
    assert desk.run(tags.undo, again(job(), record)) == Done()
    assert store.records[ORDER]["tags"] == ["theirs"]


def test_a_customer_who_left_the_order_loses_what_is_taken_back_too(store: Shop, desk: Desk) -> None:
    record = desk.done(tags.write, job())
    store.records[ORDER]["customer"] = ""

    assert desk.run(tags.undo, replace(again(job(), record), maybe=True)) == Done()
    assert tags_of(store) == (["theirs"], ["vip"])


def test_a_removal_after_a_look_can_be_refused_too(desk: Desk) -> None:
    desk.done(tags.write, job())
    refused = {"data": {"tagsRemove0": {"userErrors": [{"field": ["tags"], "message": "?"}]}}}
    desk.wire.faults = {len(desk.wire.sent) + 2: answer(refused)}

    assert desk.run(tags.undo, job(maybe=True)) == Refused("Shopify refuses tags (userErrors)")


def test_a_removal_that_shopify_refuses_is_told(desk: Desk) -> None:
    record = desk.done(tags.write, job())
    refused = {"data": {"tagsRemove0": {"userErrors": [{"field": ["tags"], "message": "ada@example.com"}]}}}
    desk.wire.faults = {len(desk.wire.sent) + 1: answer(refused)}

    assert desk.run(tags.undo, again(job(), record)) == Refused("Shopify refuses tags (userErrors)")


def test_nothing_is_tagged_for_an_answer_that_is_gone(desk: Desk) -> None:
    assert desk.run(tags.write, job(None)) == Done()
    assert desk.run(tags.undo, job(None)) == Done()
    assert desk.wire.sent == []


THROTTLED = error(
    "THROTTLED",
    cost={"requestedQueryCost": 60, "throttleStatus": {"currentlyAvailable": 10, "restoreRate": 10.0}},
)
SLOWER = "Shopify asks for fewer requests (THROTTLED)"
FAULTS: dict[str, tuple[Reply, Outcome]] = {
    "THROTTLED": (THROTTLED, Later(SLOWER, timedelta(seconds=5), everybody=True)),
    "THROTTLED without cost": (error("THROTTLED"), Later(SLOWER, everybody=True)),
    "ACCESS_DENIED": (error("ACCESS_DENIED"), Denied("the app may not do this (ACCESS_DENIED)")),
    "ACCESS_DENIED with scope": (
        answer(
            {
                "data": {"order": None},
                "errors": [{"extensions": {"code": "ACCESS_DENIED", "requiredAccess": "`read_orders` access scope."}}],
            }
        ),
        Denied("the app may not do this (ACCESS_DENIED: read_orders)"),
    ),
    "INTERNAL": (error("INTERNAL_SERVER_ERROR"), Later("Shopify failed (INTERNAL_SERVER_ERROR)")),
    "no code": (answer({"errors": [{"message": "?"}]}), Later("Shopify failed (no code)")),
    "not understood": (error("undefinedField"), Refused("Shopify does not understand the request (undefinedField)")),
    "no data": (answer({}), Later("the reply holds no data")),
    "400": (Reply(400), Refused("status 400")),
    "401": (Reply(401), Denied("the credentials are refused (status 401)")),
    "402": (Reply(402), Denied("the account there has to be paid (status 402)")),
    "403": (Reply(403), Denied("the credentials lack a permission (status 403)")),
    "404": (Reply(404), Denied("there is no such shop, or no such version of its API (status 404)")),
    "409": (Reply(409), Later("status 409")),
    "422": (Reply(422), Refused("status 422")),
    "429": (
        Reply(429, b"", {"retry-after": "2.0"}),
        Later("the system asks for fewer requests (status 429)", everybody=True),
    ),
    "500": (Reply(500), Later("status 500")),
    "503": (Reply(503, b"<html>"), Later("status 503", everybody=True)),
    "HTML": (Reply(200, b"<html>"), Later("status 200 without the JSON that was due")),
    "nothing": (Reply(200), Later("status 200 without the JSON that was due")),
    "no reply": (Reply(NO_REPLY), Later("no reply came")),
}


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after it wrote"])
def test_every_fault_is_told_and_a_retry_ends_with_the_same_tags(
    store: Shop, desk: Desk, number: int, name: str, after: bool
) -> None:
    fault, expected = FAULTS[name]
    desk.wire.faults, desk.wire.after = {number: fault}, after

    assert desk.run(tags.write, job()) == expected
    desk.wire.faults = {}
    record = desk.done(tags.write, job(maybe=True))

    assert tags_of(store) == (["theirs", "NPS 3", "NPS detractor"], ["vip", "NPS 3", "NPS detractor"])
    assert record["order_tags"] == "NPS 3|NPS detractor"


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_change_whose_reply_was_lost_ends_with_the_new_tags_alone(store: Shop, desk: Desk, number: int) -> None:
    record = desk.done(tags.write, job())
    changed = again(job(), record, answer=HAPPY)
    desk.wire.lose(number)

    assert desk.run(tags.write, changed) == Later("no reply came")
    desk.done(tags.write, replace(changed, maybe=True))

    assert tags_of(store) == (["theirs", "NPS 9", "NPS promoter"], ["vip", "NPS 9", "NPS promoter"])


@pytest.mark.parametrize("number", [1, 2, 3])
def test_what_was_written_without_our_hearing_of_it_is_looked_for_and_removed(
    store: Shop, desk: Desk, number: int
) -> None:
    settings = {"tags": ("call back",)}
    desk.wire.lose(number)
    desk.run(tags.write, job(settings=settings))

    assert desk.run(tags.undo, job(None, settings=settings, maybe=True)) == Done()

    assert tags_of(store) == (["theirs"], ["vip"])
    assert desk.most <= 3


def test_so_it_is_after_a_change_of_which_we_heard_nothing(store: Shop, desk: Desk) -> None:
    record = desk.done(tags.write, job())
    changed = again(job(), record, answer=HAPPY)
    desk.wire.lose(2)
    desk.run(tags.write, changed)

    desk.done(tags.write, replace(again(changed, answer=Answer(7)), maybe=True))
    assert tags_of(store) == (["theirs", "NPS 7", "NPS passive"], ["vip", "NPS 7", "NPS passive"])

    assert desk.run(tags.undo, replace(changed, maybe=True)) == Done()
    assert tags_of(store) == (["theirs"], ["vip"])


def test_an_erasure_that_knows_no_order_is_a_persons_task(desk: Desk) -> None:
    outcome = desk.run(tags.undo, job(invitation=None, maybe=True))

    assert isinstance(outcome, NeedsPerson)
    assert outcome.kind is TaskKind.ERASE_BY_HAND


def test_where_the_order_is_gone_nothing_is_left_to_look_for(store: Shop, desk: Desk) -> None:
    record = desk.done(tags.write, job())
    store.records.clear()

    assert desk.run(tags.undo, replace(again(job(), record), maybe=True)) == Done()
    assert desk.run(tags.undo, job(maybe=True)) == Done()


def test_looking_can_fail_too(desk: Desk) -> None:
    desk.wire.faults = {1: Reply(500)}

    assert desk.run(tags.undo, job(maybe=True)) == Later("status 500")


def test_one_of_several_mutations_can_fail_alone(desk: Desk) -> None:
    payloads = {"tagsAdd0": {"userErrors": []}, "tagsAdd1": {"userErrors": [{"field": ["id"], "message": "?"}]}}
    desk.wire.faults = {2: answer({"data": payloads})}

    assert desk.run(tags.write, job()) == Refused("Shopify refuses id (userErrors)")


def test_a_token_is_bought_once_and_kept_for_its_day(store: Shop, desk: Desk) -> None:
    desk.secret = CLIENT

    desk.done(tags.write, job())
    desk.done(tags.undo, job())
    desk.done(tags.write, job())

    bought = [one.url for one in desk.wire.sent if one.url.endswith("access_token")]
    assert len(bought) == 1
    assert tags_of(store)[0] == ["theirs", "NPS 3", "NPS detractor"]
    assert desk.most == 3


def test_another_client_buys_another_token(desk: Desk) -> None:
    desk.secret = CLIENT
    desk.done(tags.write, job())
    desk.secret = {**CLIENT, "client_id": "another"}
    desk.done(tags.write, job())

    assert len([one for one in desk.wire.sent if one.url.endswith("access_token")]) == 2


def test_a_token_that_ended_early_is_bought_again(store: Shop, desk: Desk) -> None:
    desk.secret = CLIENT
    desk.done(tags.write, job())
    store.tokens.clear()

    assert desk.run(tags.write, again(job(), answer=HAPPY)) == Later(
        "the token that was bought has ended before its time", timedelta(0)
    )
    assert isinstance(desk.run(tags.write, again(job(), answer=HAPPY)), Done)


def test_an_app_that_was_uninstalled_is_denied(desk: Desk) -> None:
    desk.secret = {**CLIENT, "client_secret": "old"}

    assert desk.run(tags.write, job()) == Denied("the client buys no token (status 400, invalid_client)")


@pytest.mark.parametrize(
    ("sold", "expected"),
    [
        (answer({}), Later("the shop sold no token")),
        (Reply(500), Later("status 500")),
        (Reply(404), Denied("there is no such shop, or no such version of its API (status 404)")),
    ],
)
def test_a_shop_that_sells_no_token_is_asked_later(desk: Desk, sold: Reply, expected: Outcome) -> None:
    desk.secret, desk.wire.faults = CLIENT, {1: sold}

    assert desk.run(tags.write, job()) == expected
