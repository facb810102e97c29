"""The fake helpdesk keeps to the contract of Freshdesk's API, and takes the harder side where that is silent."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.freshdesk import LAG_SECONDS, Freshdesk
from tests.unit.dev.connections.callers import Caller, Clock, basic

TICKETS = "/api/v2/tickets"
NEW = {
    "email": "mira@example.com",
    "subject": "Rated 3",
    "description": "<p>Too slow &amp; dear</p>",
    "status": 2,
    "priority": 4,
    "tags": ["nps", "detractor"],
    "custom_fields": {"cf_afterbill_response": "r1"},
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Caller:
    return Caller(Freshdesk(clock, clock.wait), Authorization=basic(accounts.FRESHDESK["key"]))


def opened(desk: Caller, **changes: Any) -> int:
    reply = desk.call("POST", TICKETS, NEW | changes)
    assert reply.status == 201
    return int(reply.content["id"])


def errors(content: Any) -> dict[str, str]:
    """The codes of a refusal, by field."""
    assert content["description"] == "Validation failed"
    return {one["field"]: one["code"] for one in content["errors"]}


class TestTickets:
    def test_a_ticket_that_was_made_is_in_the_state(self, desk: Caller) -> None:
        id_ = opened(desk)

        (held,) = desk.state["tickets"]
        assert {key: held[key] for key in ("id", "email", "subject", "description", "priority", "status", "tags")} == {
            "id": id_,
            "email": "mira@example.com",
            "subject": "Rated 3",
            "description": "<p>Too slow &amp; dear</p>",
            "priority": 4,
            "status": 2,
            "tags": ["nps", "detractor"],
        }
        assert held["custom_fields"] == {"cf_afterbill_response": "r1", "cf_afterbill_rating": None}

    def test_the_same_again_makes_a_second_one(self, desk: Caller) -> None:
        assert opened(desk) != opened(desk)

    def test_eight_at_once_get_a_number_each(self, desk: Caller) -> None:
        with ThreadPoolExecutor(8) as pool:
            ids = list(pool.map(lambda _: opened(desk), range(80)))

        assert sorted(ids) == sorted(ticket["id"] for ticket in desk.state["tickets"])
        assert len(set(ids)) == 80

    def test_a_field_that_does_not_exist_is_refused(self, desk: Caller) -> None:
        reply = desk.call("POST", TICKETS, {**NEW, "comment": "x", "custom_fields": {"cf_score": 3}})

        assert reply.status == 400
        assert errors(reply.content) == {"comment": "invalid_field", "cf_score": "invalid_field"}

    @pytest.mark.parametrize("missing", ["subject", "description", "status", "priority"])
    def test_a_field_that_is_missing_is_refused(self, desk: Caller, missing: str) -> None:
        reply = desk.call("POST", TICKETS, {name: value for name, value in NEW.items() if name != missing})

        assert errors(reply.content) == {missing: "missing_field"}
        assert desk.state["tickets"] == []

    def test_somebody_has_to_ask(self, desk: Caller) -> None:
        reply = desk.call("POST", TICKETS, {name: value for name, value in NEW.items() if name != "email"})

        assert errors(reply.content) == {"requester_id": "missing_field"}

    @pytest.mark.parametrize(
        ("field", "value", "code"),
        [
            ("priority", "4", "datatype_mismatch"),
            ("priority", True, "datatype_mismatch"),
            ("priority", 5, "invalid_value"),
            ("subject", "x" * 256, "invalid_value"),
            ("email", "mira", "invalid_value"),
            ("tags", "nps", "datatype_mismatch"),
            ("tags", [3], "datatype_mismatch"),
            ("tags", ["x" * 33], "invalid_value"),
            ("tags", ["slow, dear"], "invalid_value"),
        ],
    )
    def test_a_wrong_value_is_refused(self, desk: Caller, field: str, value: Any, code: str) -> None:
        reply = desk.call("POST", TICKETS, NEW | {field: value})

        assert (reply.status, errors(reply.content)) == (400, {field: code})

    def test_a_custom_field_has_its_type(self, desk: Caller) -> None:
        reply = desk.call("POST", TICKETS, NEW | {"custom_fields": {"cf_afterbill_rating": "3"}})

        assert errors(reply.content) == {"cf_afterbill_rating": "datatype_mismatch"}

    def test_the_custom_fields_that_exist_are_listed(self, desk: Caller) -> None:
        names = [one["name"] for one in desk.call("GET", "/api/v2/ticket_fields").content]

        assert names == ["cf_afterbill_response", "cf_afterbill_rating"]

    def test_what_is_no_json_is_refused(self, desk: Caller) -> None:
        sent = {"Content-Type": "application/json"}

        assert desk.send("POST", TICKETS, b"email=x", **sent).content["code"] == "invalid_json"
        assert desk.send("POST", TICKETS, b"{}").status == 415


class TestChanges:
    def test_tags_replace_those_that_were_there(self, desk: Caller) -> None:
        id_ = opened(desk)
        desk.call("PUT", f"{TICKETS}/{id_}", {"tags": ["promoter"]})

        assert desk.state["tickets"][0]["tags"] == ["promoter"]

    def test_what_is_not_given_stays(self, desk: Caller) -> None:
        id_ = opened(desk)
        changed = {"priority": 1, "custom_fields": {"cf_afterbill_rating": 9}}
        reply = desk.call("PUT", f"{TICKETS}/{id_}", changed)

        assert reply.content["subject"] == "Rated 3"
        assert reply.content["custom_fields"] == {"cf_afterbill_response": "r1", "cf_afterbill_rating": 9}

    @pytest.mark.parametrize("sent", [{}, {"comment": "x"}, {"status": 9}])
    def test_nothing_and_nonsense_are_refused(self, desk: Caller, sent: dict[str, Any]) -> None:
        assert desk.call("PUT", f"{TICKETS}/{opened(desk)}", sent).status == 400

    def test_a_ticket_that_was_deleted_is_gone(self, desk: Caller) -> None:
        id_ = opened(desk)

        assert desk.call("DELETE", f"{TICKETS}/{id_}").status == 204
        assert desk.call("GET", f"{TICKETS}/{id_}").status == 404
        assert desk.call("PUT", f"{TICKETS}/{id_}", {"priority": 1}).status == 404
        assert desk.state["tickets"] == []

    def test_the_requester_may_become_another(self, desk: Caller) -> None:
        id_ = opened(desk)
        desk.call("PUT", f"{TICKETS}/{id_}", {"email": "jonas@example.com"})

        assert desk.state["tickets"][0]["email"] == "jonas@example.com"


class TestNotes:
    def test_a_note_is_kept_and_private_unless_it_says_otherwise(self, desk: Caller) -> None:
        id_ = opened(desk)
        reply = desk.call("POST", f"{TICKETS}/{id_}/notes", {"body": "<b>Now a 2</b>"})

        assert (reply.status, reply.content["private"], reply.content["body_text"]) == (201, True, "Now a 2")
        assert [one["body"] for one in desk.call("GET", f"{TICKETS}/{id_}/conversations").content] == ["<b>Now a 2</b>"]
        assert [one["body"] for one in desk.state["tickets"][0]["notes"]] == ["<b>Now a 2</b>"]

    @pytest.mark.parametrize("sent", [{"private": True}, {"body": ""}, {"body": "x", "text": "y"}])
    def test_a_note_without_words_or_with_unknown_fields_is_refused(self, desk: Caller, sent: dict[str, Any]) -> None:
        assert desk.call("POST", f"{TICKETS}/{opened(desk)}/notes", sent).status == 400

    def test_a_page_of_notes_has_a_number(self, desk: Caller) -> None:
        assert desk.call("GET", f"{TICKETS}/{opened(desk)}/conversations?page=x").status == 400

    def test_nobody_knows_other_paths_of_a_ticket(self, desk: Caller) -> None:
        assert desk.call("POST", f"{TICKETS}/{opened(desk)}/comments", {"body": "x"}).status == 404


class TestLists:
    def test_tickets_are_listed_by_address_the_newest_first_and_without_description(
        self, desk: Caller, clock: Clock
    ) -> None:
        first = opened(desk)
        opened(desk, email="jonas@example.com")
        clock.turn(seconds=1)
        last = opened(desk)

        rows = desk.call("GET", f"{TICKETS}?email=MIRA%40example.com").content

        assert [row["id"] for row in rows] == [last, first]
        assert "description" not in rows[0]
        assert "email" not in rows[0]

    def test_descriptions_have_to_be_asked_for(self, desk: Caller) -> None:
        opened(desk)

        (row,) = desk.call("GET", f"{TICKETS}?include=description,requester").content
        assert (row["description_text"], row["requester"]["email"]) == ("Too slow & dear", "mira@example.com")

    def test_a_ticket_is_listed_by_the_id_of_its_requester_elsewhere(self, desk: Caller) -> None:
        opened(desk, email="x@example.com", unique_external_id="cus_1")
        opened(desk)

        (row,) = desk.call("GET", f"{TICKETS}?unique_external_id=cus_1").content
        assert [row] == desk.call("GET", f"{TICKETS}?requester_id={row['requester_id']}").content

    def test_a_strangers_address_is_refused(self, desk: Caller) -> None:
        reply = desk.call("GET", f"{TICKETS}?email=nobody%40example.com")

        assert (reply.status, errors(reply.content)) == (400, {"email": "invalid_value"})

    def test_older_ones_have_to_be_asked_for(self, desk: Caller, clock: Clock) -> None:
        opened(desk)
        clock.turn(days=31)

        assert desk.call("GET", TICKETS).content == []
        assert len(desk.call("GET", f"{TICKETS}?updated_since=2026-11-01T00:00:00Z").content) == 1
        assert desk.call("GET", f"{TICKETS}?updated_since=2026-12-02T00:00:00Z").content == []

    def test_a_list_comes_in_pages(self, desk: Caller) -> None:
        ids = [opened(desk) for _ in range(3)]

        first = desk.call("GET", f"{TICKETS}?per_page=2&order_type=asc")
        second = desk.call("GET", f"{TICKETS}?per_page=2&order_type=asc&page=2")

        assert [row["id"] for row in (*first.content, *second.content)] == ids
        assert 'rel="next"' in first.headers["Link"]
        assert "Link" not in second.headers

    @pytest.mark.parametrize(
        "query", ["subject=x", "per_page=101", "page=0", "include=tags", "order_by=id", "updated_since=yesterday"]
    )
    def test_an_unknown_filter_is_refused(self, desk: Caller, query: str) -> None:
        assert list(errors(desk.call("GET", f"{TICKETS}?{query}").content)) == [query.partition("=")[0]]


class TestSearch:
    SEARCH = "/api/v2/search/tickets?query="

    def found(self, desk: Caller, query: str) -> list[int]:
        return [row["id"] for row in desk.call("GET", f"{self.SEARCH}%22{query}%22").content["results"]]

    def test_it_lags(self, desk: Caller, clock: Clock) -> None:
        id_ = opened(desk)

        assert self.found(desk, "priority:4") == []
        clock.turn(seconds=LAG_SECONDS)
        assert self.found(desk, "priority:4") == [id_]

    def test_it_shows_a_ticket_as_it_was(self, desk: Caller, clock: Clock) -> None:
        id_ = opened(desk)
        clock.turn(seconds=LAG_SECONDS)
        desk.call("DELETE", f"{TICKETS}/{id_}")

        assert self.found(desk, "tag:'nps'") == [id_]
        clock.turn(seconds=LAG_SECONDS)
        assert self.found(desk, "tag:'nps'") == []

    @pytest.mark.parametrize(
        ("query", "hit"),
        [
            ("tag:'nps' AND priority:4", True),
            ("tag:'nps' AND (priority:1 OR status:2)", True),
            ("tag:'nps' AND priority:1", False),
            ("cf_afterbill_response:'r1'", True),
            ("cf_afterbill_rating:null", True),
            ("created_at:%3E'2026-12-01'", True),
            ("updated_at:%3C'2026-11-30'", False),
            ("created_at:'2026-12-01'", True),
        ],
    )
    def test_it_takes_fields_and_their_combinations(self, desk: Caller, clock: Clock, query: str, hit: bool) -> None:
        opened(desk)
        clock.turn(seconds=LAG_SECONDS)

        assert bool(self.found(desk, query)) is hit

    @pytest.mark.parametrize(
        "query",
        [
            "priority:4",
            "%22%22",
            "%22subject:x%22",
            "%22slow%22",
            "%22(priority:4%22",
            "%22priority:4 status:2%22",
            "%22priority:4 AND%22",
            "%22?%22",
            f"%22tag:{'x' * 513}%22",
        ],
    )
    def test_it_refuses_what_it_does_not_know(self, desk: Caller, query: str) -> None:
        assert desk.call("GET", f"{self.SEARCH}{query}").status == 400

    def test_there_is_no_page_11(self, desk: Caller) -> None:
        assert desk.call("GET", f"{self.SEARCH}%22priority:4%22&page=10").content == {"total": 0, "results": []}
        assert desk.call("GET", f"{self.SEARCH}%22priority:4%22&page=11").status == 400


class TestAccess:
    def test_a_wrong_key_opens_nothing(self, desk: Caller) -> None:
        for shown in ({"Authorization": basic("other")}, {"Authorization": "Basic %"}, {"Authorization": "Bearer x"}):
            desk.opening = shown
            assert desk.call("POST", TICKETS, NEW).status == 401

    def test_other_paths_are_not_found(self, desk: Caller) -> None:
        assert desk.call("GET", f"{TICKETS}/4711").status == 404
        assert desk.call("GET", "/api/v1/tickets").status == 404
        assert desk.call("GET", "/tickets").status == 404


class TestLimits:
    def test_every_answer_tells_what_is_left(self, desk: Caller) -> None:
        headers = desk.call("GET", TICKETS).headers

        assert (headers["X-RateLimit-Total"], headers["X-RateLimit-Remaining"]) == ("400", "399")

    def test_one_call_too_many_has_to_wait_for_the_next_minute(self, clock: Clock) -> None:
        desk = Caller(Freshdesk(clock, per_minute=2), Authorization=basic(accounts.FRESHDESK["key"]))
        clock.turn(seconds=20.5)
        statuses = [desk.call("GET", TICKETS).status for _ in range(2)]
        refused = desk.call("POST", TICKETS, NEW)

        assert (statuses, refused.status, refused.headers["Retry-After"]) == ([200, 200], 429, "40")
        assert desk.state["tickets"] == []
        clock.turn(seconds=40)
        opened(desk)

    def test_new_tickets_have_a_limit_of_their_own(self, clock: Clock) -> None:
        desk = Caller(Freshdesk(clock, created_per_minute=1), Authorization=basic(accounts.FRESHDESK["key"]))
        opened(desk)

        assert desk.call("POST", TICKETS, NEW).status == 429
        assert desk.call("GET", TICKETS).status == 200


class TestFaults:
    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 503])
    def test_a_call_is_refused_with_any_status_and_writes_nothing(self, desk: Caller, status: int) -> None:
        desk.fail(status=status)

        assert desk.call("POST", TICKETS, NEW).status == status
        assert desk.state["tickets"] == []
        opened(desk)

    def test_a_ticket_may_be_made_although_nobody_hears_of_it(self, desk: Caller) -> None:
        desk.fail(status=0, after_write=True)

        assert desk.call("POST", TICKETS, NEW).status == 0
        assert len(desk.state["tickets"]) == 1
