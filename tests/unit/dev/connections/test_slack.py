"""The fake workspace keeps to the contract of Slack's incoming webhooks and Web API."""

import json
from typing import Any

import pytest

from afterbill_dev.local.connections import accounts
from afterbill_dev.local.connections.slack import A_MINUTE, BURST, Slack
from tests.unit.dev.connections.callers import Caller, Clock, Reply

HOOK, CHANNEL = accounts.SLACK_HOOK, accounts.SLACK["channel"]
WORDS = {"type": "mrkdwn", "text": "*Mira* rated 3"}
SECTION = {"type": "section", "text": WORDS}
BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Open"}, "url": "https://app.example.com/c/1"}
MARK = {"event_type": "afterbill_response", "event_payload": {"id": "r1"}}


class SlackCaller(Caller):
    """An app with the bot token, which also knows the webhook."""

    def api(self, method: str, **arguments: Any) -> Any:
        reply = self.call("POST", f"/api/{method}", arguments)
        assert reply.status == 200
        return reply.content

    def hook(self, **message: Any) -> tuple[int, str]:
        reply = self.call("POST", HOOK, message)
        return reply.status, reply.content

    def post(self, **message: Any) -> str:
        return str(self.api("chat.postMessage", channel=CHANNEL, **message)["ts"])

    def history(self, **arguments: str) -> list[Any]:
        return list(self.api("conversations.history", channel=CHANNEL, **arguments)["messages"])

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.state["messages"]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(clock: Clock) -> SlackCaller:
    return SlackCaller(Slack(clock, clock.wait), Authorization=f"Bearer {accounts.SLACK['token']}")


class TestWebhook:
    def test_a_message_is_answered_with_ok_and_kept(self, app: SlackCaller) -> None:
        assert app.hook(text="Rated 3", blocks=[SECTION]) == (200, "ok")

        (held,) = app.state["messages"]
        assert (held["text"], held["blocks"], held["channel"]) == ("Rated 3", [SECTION], CHANNEL)

    @pytest.mark.parametrize(
        ("path", "message", "status", "error"),
        [
            ("/services/T0/B0/gone", {"text": "x"}, 404, "no_service"),
            (accounts.SLACK_ARCHIVED["hook"], {"text": "x"}, 410, "channel_is_archived"),
            (HOOK, {}, 400, "no_text"),
            (HOOK, {"text": "x", "comment": "y"}, 400, "invalid_payload"),
            (HOOK, {"text": "x", "blocks": [{"type": "poll"}]}, 400, "invalid_blocks"),
            (HOOK, {"text": "x" * 40_001}, 400, "msg_too_long"),
        ],
    )
    def test_an_error_is_plain_text(
        self, app: SlackCaller, path: str, message: dict[str, Any], status: int, error: str
    ) -> None:
        assert app.call("POST", path, message)[:2] == (status, error)
        assert app.state["messages"] == []

    def test_what_is_no_json_is_refused(self, app: SlackCaller) -> None:
        assert app.send("POST", HOOK, b"text=x")[:2] == (400, "invalid_payload")

    def test_a_message_a_second_and_some_more_at_once(self, app: SlackCaller, clock: Clock) -> None:
        assert {app.hook(text="x") for _ in range(BURST)} == {(200, "ok")}

        refused = app.call("POST", HOOK, {"text": "y"})
        assert (refused.status, refused.content, refused.headers["Retry-After"]) == (429, "rate_limited", "1")
        clock.turn(seconds=1)
        assert app.hook(text="y") == (200, "ok")


class TestMentions:
    @pytest.mark.parametrize(
        ("text", "called"),
        [
            ("<!channel> help", ["!channel"]),
            ("<!here|here> <@U12345>", ["!here", "@U12345"]),
            ("<!subteam^S1|@team>", ["!subteam^S1"]),
            ("&lt;!channel&gt;", []),
            ("@channel <https://app.example.com/c/1|Open>", []),
        ],
    )
    def test_what_nobody_escaped_calls_people(self, app: SlackCaller, text: str, called: list[str]) -> None:
        app.hook(text=text)
        app.hook(text="x", blocks=[{"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}])

        assert [message["mentions"] for message in app.state["messages"]] == [called, called]

    def test_plain_text_calls_nobody(self, app: SlackCaller) -> None:
        app.hook(text="x", blocks=[{"type": "header", "text": {"type": "plain_text", "text": "<!channel>"}}])

        assert app.state["messages"][0]["mentions"] == []


def section(count: int) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": "x" * count}}


def header(count: int) -> dict[str, Any]:
    return {"type": "header", "text": {"type": "plain_text", "text": "x" * count}}


def button(count: int, **changes: Any) -> dict[str, Any]:
    words = {"type": "plain_text", "text": "x" * count}
    return {"type": "actions", "elements": [{**BUTTON, "text": words, **changes}]}


class TestBlocks:
    @pytest.mark.parametrize(
        "block",
        [
            section(3000),
            header(150),
            button(75),
            button(5, url="https://" + "x" * 2992),
            {"type": "divider"},
            {"type": "section", "fields": [WORDS] * 10, "accessory": BUTTON},
            {"type": "context", "elements": [WORDS] * 10},
            {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"},
        ],
    )
    def test_blocks_at_their_limits_are_taken(self, app: SlackCaller, block: dict[str, Any]) -> None:
        assert app.hook(text="x", blocks=[block]) == (200, "ok")

    @pytest.mark.parametrize(
        "block",
        [
            section(3001),
            section(0),
            header(151),
            button(76),
            button(5, url="https://" + "x" * 2993),
            button(5, colour="red"),
            {"type": "section"},
            {"type": "section", "text": WORDS, "title": "x"},
            {"type": "section", "fields": [WORDS] * 11},
            {"type": "section", "text": "x"},
            {"type": "section", "text": WORDS, "accessory": {"type": "poll"}},
            {"type": "context", "elements": [WORDS] * 11},
            {"type": "context", "elements": [BUTTON]},
            {"type": "actions", "elements": []},
            {"type": "header", "text": WORDS},
            {"type": "image", "image_url": "https://example.com/a.png"},
            {"type": ["section"]},
            "section",
        ],
    )
    def test_beyond_them_the_message_is_refused(self, app: SlackCaller, block: Any) -> None:
        assert app.hook(text="x", blocks=[block]) == (400, "invalid_blocks")

    @pytest.mark.parametrize("blocks", [[section(1)] * 51, "x", [{**section(1), "block_id": "a"}] * 2])
    def test_so_are_too_many_and_two_with_one_id(self, app: SlackCaller, blocks: Any) -> None:
        assert app.hook(text="x", blocks=blocks) == (400, "invalid_blocks")


class TestWebApi:
    def test_a_message_is_posted_with_its_mark(self, app: SlackCaller, clock: Clock) -> None:
        answer = app.api("chat.postMessage", channel=CHANNEL, text="Rated 3", metadata=MARK)

        assert (answer["ok"], answer["channel"], answer["ts"]) == (True, CHANNEL, f"{clock().timestamp():.6f}")
        assert app.state["messages"][0]["metadata"] == MARK

    def test_no_two_messages_share_a_ts(self, app: SlackCaller) -> None:
        assert len({app.post(text="x") for _ in range(3)}) == 3

    def test_a_text_in_place_of_blocks_takes_them_away(self, app: SlackCaller) -> None:
        ts = app.post(text="Rated 3", blocks=[SECTION], metadata=MARK)
        app.api("chat.update", channel=CHANNEL, ts=ts, text="Rated 9")

        (held,) = app.state["messages"]
        assert (held["text"], held["blocks"], held["metadata"]) == ("Rated 9", [], MARK)

    def test_blocks_alone_leave_the_text(self, app: SlackCaller) -> None:
        ts = app.post(text="Rated 3", metadata=MARK)
        app.api("chat.update", channel=CHANNEL, ts=ts, blocks=[SECTION], metadata={})

        (held,) = app.state["messages"]
        assert (held["text"], held["blocks"], held["metadata"]) == ("Rated 3", [SECTION], {})

    def test_a_message_that_was_deleted_is_gone(self, app: SlackCaller) -> None:
        ts = app.post(text="x")

        assert app.api("chat.delete", channel=CHANNEL, ts=ts)["ok"]
        assert app.api("chat.delete", channel=CHANNEL, ts=ts) == {"ok": False, "error": "message_not_found"}
        assert app.texts == []

    def test_a_message_of_the_webhook_belongs_to_another(self, app: SlackCaller) -> None:
        app.hook(text="x")
        whose = {"channel": CHANNEL, "ts": app.state["messages"][0]["ts"]}

        assert app.api("chat.update", **whose, text="y")["error"] == "cant_update_message"
        assert app.api("chat.delete", **whose)["error"] == "cant_delete_message"

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"channel": "C0"}, "channel_not_found"),
            ({"channel": accounts.SLACK_ARCHIVED["channel"]}, "is_archived"),
            ({"text": ""}, "no_text"),
            ({"blocks": [section(3001)]}, "invalid_blocks"),
            ({"metadata": {"event_type": "x"}}, "invalid_metadata_format"),
            ({"metadata": {"event_type": "x", "event_payload": "y"}}, "invalid_metadata_format"),
            ({"comment": "x"}, "invalid_arguments"),
        ],
    )
    def test_an_error_comes_with_http_200(self, app: SlackCaller, changes: dict[str, Any], error: str) -> None:
        answer = app.api("chat.postMessage", **({"channel": CHANNEL, "text": "x"} | changes))

        assert answer == {"ok": False, "error": error}
        assert app.texts == []

    def test_a_call_may_come_as_a_form(self, app: SlackCaller) -> None:
        marked = {"channel": CHANNEL, "text": "x", "metadata": json.dumps(MARK)}

        assert app.form("/api/chat.postMessage", marked).content["ok"]
        assert app.form("/api/chat.postMessage", marked | {"blocks": "["}).content["error"] == "invalid_blocks_format"
        assert app.state["messages"][0]["metadata"] == MARK

    def test_broken_json_is_told(self, app: SlackCaller) -> None:
        sent = {"Content-Type": "application/json"}

        assert app.send("POST", "/api/chat.postMessage", b"{", **sent).content["error"] == "invalid_json"

    def test_who_calls_is_told(self, app: SlackCaller) -> None:
        assert app.api("auth.test")["team_id"] == "T0LOCAL"
        assert app.api("users.list")["error"] == "unknown_method"

    @pytest.mark.parametrize(("shown", "error"), [({}, "not_authed"), ({"Authorization": "Bearer x"}, "invalid_auth")])
    def test_another_token_opens_nothing(self, app: SlackCaller, shown: dict[str, str], error: str) -> None:
        app.opening = shown

        assert app.api("chat.postMessage", channel=CHANNEL, text="x")["error"] == error


class TestHistory:
    def test_it_tells_the_newest_first_and_marks_only_if_asked(self, app: SlackCaller, clock: Clock) -> None:
        app.post(text="one", metadata=MARK)
        clock.turn(seconds=1)
        app.post(text="two")

        assert [message["text"] for message in app.history()] == ["two", "one"]
        assert "metadata" not in app.history()[1]
        assert app.history(include_all_metadata="true")[1]["metadata"] == MARK

    def test_oldest_and_latest_count_only_if_asked(self, app: SlackCaller) -> None:
        first, second, third = (app.post(text=text) for text in ("one", "two", "three"))

        assert [one["text"] for one in app.history(oldest=first, latest=third)] == ["two"]
        assert len(app.history(oldest=first, latest=second, inclusive="true")) == 2

    def test_it_comes_in_pages(self, app: SlackCaller) -> None:
        for text in ("one", "two", "three"):
            app.post(text=text)
        first = app.call("GET", f"/api/conversations.history?channel={CHANNEL}&limit=2").content
        cursor = first["response_metadata"]["next_cursor"]

        assert (first["has_more"], len(first["messages"])) == (True, 2)
        assert [one["text"] for one in app.history(limit="2", cursor=cursor)] == ["one"]

    @pytest.mark.parametrize("arguments", [{"limit": 1000}, {"limit": "many"}, {"oldest": "x"}])
    def test_a_wrong_argument_is_refused(self, app: SlackCaller, arguments: dict[str, Any]) -> None:
        assert not app.api("conversations.history", channel=CHANNEL, **arguments)["ok"]

    def test_it_may_be_asked_fifty_times_a_minute(self, app: SlackCaller) -> None:
        for _ in range(A_MINUTE):
            app.history()

        refused = app.call("POST", "/api/conversations.history", {"channel": CHANNEL})
        assert (refused.status, refused.content["error"], refused.headers["Retry-After"]) == (429, "ratelimited", "60")


class TestFaults:
    def fail(self, app: SlackCaller, path: str, **fault: Any) -> Reply:
        app.fail(**fault)
        return app.call("POST", path, {"text": "x", **({"channel": CHANNEL} if path != HOOK else {})})

    @pytest.mark.parametrize("path", [HOOK, "/api/chat.postMessage"])
    def test_a_message_may_be_posted_although_nobody_hears_of_it(self, app: SlackCaller, path: str) -> None:
        assert self.fail(app, path, status=500, after_write=True).status == 500
        assert app.texts == ["x"]

    def test_a_revoked_token_is_told_as_slack_does(self, app: SlackCaller) -> None:
        reply = self.fail(app, "/api/chat.postMessage", error="token_revoked")

        assert (reply.status, reply.content) == (200, {"ok": False, "error": "token_revoked"})
        assert app.texts == []

    def test_too_many_calls_are_told_with_the_time_to_wait(self, app: SlackCaller) -> None:
        reply = self.fail(app, HOOK, status=429, retry_after=30)

        assert (reply.status, reply.headers["Retry-After"]) == (429, "30")
