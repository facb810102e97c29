"""Messages to Slack: requests as its own client makes them, and nothing posted twice."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from slack_sdk import WebClient
from slack_sdk.models.blocks import Block
from slack_sdk.webhook import WebhookClient

from afterbill_actions.connectors.slack.actions import CONNECTOR
from afterbill_actions.connectors.slack.blocks import body_of, escaped
from afterbill_actions.exchange import NO_REPLY, NOT_SENT, Reply
from afterbill_actions.message import message_about
from afterbill_actions.outcome import Denied, Done, Later, NeedsPerson, Refused, TaskKind, Unclear
from tests.unit.actions.messages.conftest import OK, answered, job, written

MESSAGE = CONNECTOR.actions["message"]
TOKEN, WEBHOOK = {"token": "xoxb-1"}, {"webhook": "https://hooks.slack.com/services/T1/B1/x"}
TEXT_OK = Reply(200, b"ok")
NOTHING_FOUND = Reply(200, b'{"ok": true, "messages": []}')


def error(name: str) -> Reply:
    return Reply(200, json.dumps({"ok": False, "error": name}).encode())


@pytest.fixture
def recorder():
    """A server on loopback that keeps what slack_sdk sends."""
    kept = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            answer = b"ok" if self.path.startswith("/services") else OK.body
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", kept
    server.shutdown()
    server.server_close()


@pytest.mark.enable_socket
class TestAsSlacksOwnClient:
    def test_posting_by_token(self, connect, recorder):
        url, kept = recorder
        slack, system = connect("slack", secret=TOKEN, channel="C0123")
        MESSAGE.write(job(), slack)
        [mine] = system.said
        WebClient(token="xoxb-1", base_url=f"{url}/api/").chat_postMessage(**mine)
        [(method, path, headers, body)] = kept
        [request] = system.asked

        assert (request.method, request.url.removeprefix(slack.connection.url)) == (method, path)
        assert json.loads(request.body) == json.loads(body)
        assert request.headers["authorization"] == headers["authorization"]
        assert request.headers["content-type"].lower() == headers["content-type"].lower()

    def test_updating_by_token(self, connect, recorder):
        url, kept = recorder
        slack, system = connect("slack", secret=TOKEN, channel="C0123")
        MESSAGE.write(job(9, written=written(channel="C0123", ts="1.2")), slack)
        [mine] = system.said
        WebClient(token="xoxb-1", base_url=f"{url}/api/").chat_update(**mine)
        [(_, path, _, body)] = kept

        assert system.asked[0].url.endswith(path)
        assert json.loads(system.asked[0].body) == json.loads(body)

    def test_posting_by_webhook(self, connect, recorder):
        url, kept = recorder
        slack, system = connect("slack", TEXT_OK, secret=WEBHOOK)
        MESSAGE.write(job(), slack)
        [mine] = system.said
        WebhookClient(f"{url}/services/T1/B1/x").send(text=mine["text"], blocks=mine["blocks"])
        [(method, _, headers, body)] = kept

        assert system.asked[0].method == method
        assert system.asked[0].url == WEBHOOK["webhook"]
        assert mine == json.loads(body)
        assert system.asked[0].headers["content-type"].lower() == headers["content-type"].lower()

    @pytest.mark.parametrize("comment", ["", "x" * 10_000, "&" * 9_000, "\n" * 3_000, "<!channel> " * 900])
    def test_blocks_are_within_the_limits_of_its_models(self, comment):
        one = answered(comment=comment, reason="price")
        message = message_about(job(invitation=one, settings={"comment": True, "text": "<" * 500}), one)
        blocks = body_of(message)["blocks"]

        parsed = Block.parse_all(blocks)
        for block in parsed:
            block.validate_json()  # raises beyond a limit
        assert [block.type for block in parsed] == [block["type"] for block in blocks]


class TestWhatIsSaid:
    def test_context_and_a_link_but_no_word_and_no_address(self, connect):
        slack, system = connect("slack", secret=TOKEN, channel="C0123")
        MESSAGE.write(job(invitation=answered(3, comment="My card number is wrong", contact_ok=True)), slack)
        [said] = system.said
        text = json.dumps(said)

        assert said["text"] == "3 of 10, detractor: Order paid"
        assert "https://console.example.com/app/responses/one" in text
        assert "written, in the console" in text
        assert "card number" not in text
        assert "@" not in text

    def test_in_german(self, connect):
        slack, system = connect("slack", secret=TOKEN, channel="C0123")
        MESSAGE.write(job(settings={"language": "de"}), slack)

        assert system.said[0]["text"] == "3 von 10, Kritiker: Bestellung bezahlt"

    def test_words_that_a_workflow_asks_for_mention_nobody(self, connect):
        slack, system = connect("slack", secret=TOKEN, channel="C0123")
        one = answered(3, comment="<!channel> <@U1> & <https://evil.example|click>")
        MESSAGE.write(job(invitation=one, settings={"comment": True}), slack)
        text = json.dumps(system.said[0])

        assert "&lt;!channel&gt; &lt;@U1&gt; &amp; &lt;https" in text
        assert "<" not in text

    def test_an_escape_is_never_cut_in_two(self):
        one = answered(3, comment="a" + "&" * 5_000)
        message = message_about(job(invitation=one, settings={"comment": True}), one)
        [words] = [b for b in body_of(message)["blocks"] if str(b.get("text", {}).get("text", "")).startswith(">")]

        assert escaped("&") == "&amp;"
        assert words["text"]["text"].removesuffix("…").endswith("&amp;")

    def test_a_changed_answer_says_what_it_was(self, connect):
        slack, system = connect("slack", secret=TOKEN, channel="C0123")
        MESSAGE.write(job(9, written=written(channel="C0123", ts="1.2")), slack)

        assert system.said[0]["text"] == "Changed from 3: 9 of 10, promoter: Order paid"
        assert system.said[0]["ts"] == "1.2"

    @pytest.mark.parametrize(("reason", "why"), [("machine", "came from a machine"), ("changed", "no longer holds")])
    def test_what_does_not_hold_any_more_is_said(self, connect, reason, why):
        slack, system = connect("slack", secret=TOKEN, channel="C0123")
        MESSAGE.undo(job(9, written=written(channel="C0123", ts="1.2"), reason=reason), slack)

        assert system.said[0]["text"] == "Taken back: 3 of 10, detractor: Order paid"
        assert why in json.dumps(system.said[0]["blocks"])

    def test_a_digest(self, connect):
        slack, system = connect("slack", secret=TOKEN, channel="C0123")
        text = {"title": "Score 31 (+2)", "text": "12 answers", "link": "https://c.example/app", "language": "en"}

        assert isinstance(MESSAGE.tell(job(text=text, invitation=None), slack), Done)
        assert "12 answers" in json.dumps(system.said[0])


class TestOnce:
    def test_after_an_attempt_it_looks_for_its_mark_before_it_posts(self, connect):
        there = {"ts": "5.5", "metadata": {"event_type": "afterbill_message", "event_payload": {"id": "afterbill-one"}}}
        others = [{"ts": "6.6"}, {"ts": "7.7", "metadata": {"event_type": "other", "event_payload": {}}}]
        history = Reply(200, json.dumps({"ok": True, "messages": [*others, there]}).encode())
        slack, system = connect("slack", history, OK, secret=TOKEN, channel="C0123")

        outcome = MESSAGE.write(job(maybe=True), slack)

        assert outcome == Done({"rating": "3", "channel": "C0123", "ts": "5.5"})
        assert [one.url.rpartition("/")[2].partition("?")[0] for one in system.asked] == [
            "conversations.history",
            "chat.update",
        ]

    def test_what_is_not_there_is_posted(self, connect):
        slack, system = connect("slack", NOTHING_FOUND, OK, secret=TOKEN, channel="C0123")

        assert isinstance(MESSAGE.write(job(maybe=True), slack), Done)
        assert system.asked[-1].url.endswith("chat.postMessage")

    @pytest.mark.parametrize("reply", [Reply(200, b"<html>"), error("ratelimited"), Reply(200, b'{"ok": true}')])
    def test_it_posts_nothing_while_it_cannot_look(self, connect, reply):
        slack, system = connect("slack", reply, secret=TOKEN, channel="C0123")

        assert isinstance(MESSAGE.write(job(maybe=True), slack), Later)
        assert len(system.asked) == 1

    def test_a_message_that_was_deleted_there_is_posted_anew(self, connect):
        slack, _ = connect("slack", error("message_not_found"), OK, secret=TOKEN, channel="C0123")

        outcome = MESSAGE.write(job(9, written=written(channel="C0123", ts="1.2")), slack)

        assert outcome == Done({"rating": "9", "channel": "C0123", "ts": "1764579600.000100"})

    @pytest.mark.parametrize("reply", [Reply(NO_REPLY), Reply(500), Reply(200, b"<html>")])
    def test_what_a_webhook_may_have_posted_is_unclear(self, connect, reply):
        slack, _ = connect("slack", reply, secret=WEBHOOK)

        assert isinstance(MESSAGE.write(job(), slack), Unclear)

    def test_and_is_not_tried_again(self, connect):
        slack, system = connect("slack", TEXT_OK, secret=WEBHOOK)

        assert isinstance(MESSAGE.write(job(lost=True), slack), Unclear)
        assert system.asked == []

    def test_what_a_webhook_cannot_have_posted_is_tried_again(self, connect):
        slack, _ = connect("slack", Reply(NOT_SENT), secret=WEBHOOK)

        assert isinstance(MESSAGE.write(job(), slack), Later)


class TestFaults:
    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (error("invalid_auth"), Denied),
            (error("not_in_channel"), Denied),
            (error("ratelimited"), Later),
            (error("internal_error"), Later),
            (error("invalid_blocks"), Refused),
            (error(""), Refused),
            (Reply(401), Denied),
            (Reply(429, headers={"retry-after": "30"}), Later),
            (Reply(503), Later),
            (Reply(NO_REPLY), Later),
            (Reply(200, b"[]"), Later),
        ],
    )
    def test_by_token(self, connect, reply, kind):
        slack, _ = connect("slack", reply, secret=TOKEN, channel="C0123")

        assert isinstance(MESSAGE.write(job(), slack), kind)

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (Reply(400, b"invalid_payload"), Refused),
            (Reply(400), Refused),
            (Reply(403, b"action_prohibited"), Denied),
            (Reply(404, b"no_service"), Denied),
            (Reply(410, b"channel_is_archived"), Denied),
            (Reply(429), Later),
        ],
    )
    def test_by_webhook(self, connect, reply, kind):
        slack, _ = connect("slack", reply, secret=WEBHOOK)

        assert isinstance(MESSAGE.write(job(), slack), kind)

    def test_an_answer_that_is_gone_is_not_told(self, connect):
        slack, _ = connect("slack", secret=TOKEN, channel="C0123")

        assert isinstance(MESSAGE.write(job(invitation=None), slack), Refused)


class TestErasure:
    @pytest.mark.parametrize("reply", [OK, error("message_not_found")])
    def test_a_message_is_deleted(self, connect, reply):
        slack, system = connect("slack", reply, secret=TOKEN, channel="C0123")

        assert MESSAGE.erase(job(written=written(channel="C0123", ts="1.2"), invitation=None), slack) == Done()
        assert system.said == [{"channel": "C0123", "ts": "1.2"}]

    def test_it_waits_for_a_system_that_does_not_answer(self, connect):
        slack, _ = connect("slack", Reply(503), secret=TOKEN, channel="C0123")

        assert isinstance(MESSAGE.erase(job(written=written(channel="C0123", ts="1.2")), slack), Later)

    def test_a_webhooks_message_without_words_names_nobody(self, connect):
        slack, _ = connect("slack", TEXT_OK, secret=WEBHOOK)

        assert MESSAGE.erase(job(written=written()), slack) == Done()

    def test_one_with_words_is_listed_for_a_person(self, connect):
        slack, _ = connect("slack", TEXT_OK, secret=WEBHOOK)
        outcome = MESSAGE.erase(job(written=written(), settings={"comment": True}), slack)

        assert isinstance(outcome, NeedsPerson)
        assert outcome.kind is TaskKind.ERASE_BY_HAND


class TestProbe:
    def test_a_token_is_asked_whose_it_is(self, connect):
        slack, system = connect("slack", error("invalid_auth"), secret=TOKEN, channel="C0123")

        assert isinstance(CONNECTOR.probe(slack), Denied)
        assert system.asked[0].url.endswith("/api/auth.test")

    def test_a_webhook_can_only_be_tried(self, connect):
        slack, system = connect("slack", TEXT_OK, secret=WEBHOOK)

        assert CONNECTOR.probe(slack) == Done()
        assert system.asked == []

    def test_the_address_is_slacks(self):
        assert CONNECTOR.url({}, TOKEN) == "https://slack.com"
