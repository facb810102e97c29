"""Cards to Teams: as Microsoft's schema has them, and posted once at most."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft6Validator

from afterbill_actions.connectors.teams.actions import CONNECTOR, card_of
from afterbill_actions.exchange import NO_REPLY, NOT_SENT, Reply
from afterbill_actions.message import message_about, message_taken_back
from afterbill_actions.outcome import Denied, Done, Later, NeedsPerson, Refused, Unclear
from tests.unit.actions.messages.conftest import answered, job, written

MESSAGE = CONNECTOR.actions["message"]
SECRET = {"webhook": "https://prod-1.westeurope.logic.azure.com/workflows/1?sig=x"}
TAKEN = Reply(202)
SCHEMA = Path(__file__).parents[5] / "shared" / "judges" / "teams" / "adaptive-card-1.5.0.json"


@pytest.fixture(scope="module")
def schema() -> Draft6Validator:
    if not SCHEMA.exists():
        pytest.skip("Microsoft's schema is not beside this clone")
    return Draft6Validator(json.loads(SCHEMA.read_text("utf-8")))


class TestCards:
    @pytest.mark.parametrize("comment", ["", "**bold** [x](https://evil.example) <at>all</at>", "x\n" * 900])
    def test_conform_to_microsofts_schema(self, schema, comment):
        one = answered(3, comment=comment, reason="price", contact_ok=True, confirmed=False)
        about = job(invitation=one, settings={"comment": True, "text": "Look *here*"})

        for message in (message_about(about, one), message_taken_back(about)):
            assert list(schema.iter_errors(card_of(message))) == []

    def test_a_property_that_the_schema_does_not_know_is_found(self, schema):
        card = card_of(message_about(job(), answered()))

        assert list(schema.iter_errors({**card, "body": [{"type": "TextBlock", "txt": "x"}]})) != []

    def test_words_are_no_markdown(self):
        one = answered(3, comment="**bold** [x](https://evil.example)")
        text = json.dumps(card_of(message_about(job(invitation=one, settings={"comment": True}), one)))

        assert "**bold**" not in text
        assert "[x](" not in text

    def test_they_hold_a_link_and_no_word_by_default(self):
        one = answered(3, comment="secret")
        card = card_of(message_about(job(invitation=one), one))

        assert card["actions"][0]["url"] == "https://console.example.com/app/responses/one"
        assert "secret" not in json.dumps(card)


class TestPosting:
    def test_a_message_with_one_card(self, connect):
        teams, system = connect("teams", TAKEN, secret=SECRET)

        assert MESSAGE.write(job(), teams) == Done({"rating": "3"})
        [said] = system.said
        assert said["type"] == "message"
        assert said["attachments"][0]["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert said["attachments"][0]["contentUrl"] is None
        assert system.asked[0].url == SECRET["webhook"]

    def test_an_undo_and_a_digest_are_cards_too(self, connect):
        teams, system = connect("teams", TAKEN, secret=SECRET)

        assert isinstance(MESSAGE.undo(job(written=written()), teams), Done)
        assert isinstance(MESSAGE.tell(job(text={"title": "Score 31"}, invitation=None), teams), Done)
        assert "Score 31" in json.dumps(system.said[1])

    @pytest.mark.parametrize(
        ("reply", "kind"),
        [
            (Reply(NO_REPLY), Unclear),
            (Reply(500), Unclear),
            (Reply(NOT_SENT), Later),
            (Reply(429), Later),
            (Reply(401), Denied),
            (Reply(404), Denied),
            (Reply(302), Later),
            (Reply(400), Refused),
        ],
    )
    def test_faults(self, connect, reply, kind):
        teams, _ = connect("teams", reply, secret=SECRET)

        assert isinstance(MESSAGE.write(job(), teams), kind)

    def test_what_may_have_been_posted_is_not_posted_again(self, connect):
        teams, system = connect("teams", TAKEN, secret=SECRET)

        assert isinstance(MESSAGE.write(job(lost=True), teams), Unclear)
        assert system.asked == []

    def test_an_answer_that_is_gone_is_not_told(self, connect):
        teams, _ = connect("teams", TAKEN, secret=SECRET)

        assert isinstance(MESSAGE.write(job(invitation=None), teams), Refused)


def test_a_card_without_words_stays_after_an_erasure_and_one_with_words_is_listed(connect):
    teams, _ = connect("teams", TAKEN, secret=SECRET)

    assert MESSAGE.erase(job(written=written()), teams) == Done()
    assert isinstance(MESSAGE.erase(job(written=written(), settings={"comment": True}), teams), NeedsPerson)


def test_the_address_is_the_secret(connect):
    teams, _ = connect("teams", TAKEN, secret=SECRET)

    assert CONNECTOR.url({}, SECRET) == SECRET["webhook"]
    assert CONNECTOR.probe(teams) == Done()
