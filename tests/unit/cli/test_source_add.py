"""`afterbill source add`: what the operator reads, what is asked, what is stored."""

import json
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from afterbill.model.errors import AfterbillError, ConfigurationError, TransientError
from afterbill.model.webhooks import Source
from afterbill_cli.sources.add import NewSource, add, named, source_name
from tests.unit.cli.people import Server, person, store, stored

NOT = timedelta(0)
NEW = "pdl_ntfset_01hs0t3tw21j988db1pam5xg8m_GrOWLNef"


def connect(stack, someone, provider="paddle", *, wait=NOT, http=None, **wanted):
    source = named(provider, None, stack, account="", sandbox=False)
    assert add(NewSource(source, wait=wait, **wanted), stack, someone.terminal, http or Server(405)) == 0
    return someone


def log(stack, function, **line):
    logs, group = stack.client("logs"), f"/aws/lambda/test-{function}"
    if not logs.describe_log_streams(logGroupName=group)["logStreams"]:
        logs.create_log_stream(logGroupName=group, logStreamName="one")
    event = {"timestamp": int(time.time() * 1000) + 1000, "message": json.dumps(line)}
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=[event])


@pytest.fixture
def readable(monkeypatch):
    """Moto knows no patterns that look into JSON; all lines come back, as they do on the local stack."""
    monkeypatch.setattr("moto.logs.models.EventMessageFilter.matches", lambda *_: True)


def test_the_address_and_the_events_to_register_are_shown(stack):
    saw = connect(stack, person("", "")).saw

    assert "Address: https://api.example.com/webhooks/paddle" in saw
    assert "  transaction.completed" in saw


def test_a_source_that_is_configured_needs_no_table(stack):
    assert "surveys.toml" not in connect(stack, person("", "")).saw


def test_a_new_source_is_put_into_the_configuration_by_the_operator(stack):
    saw = connect(stack, person("", ""), "mollie").saw

    assert "Put this into layers/config/surveys.toml, then build and deploy:" in saw
    assert '[sources.mollie]\nprovider = "mollie"' in saw


@pytest.mark.parametrize(
    ("provider", "line"),
    [
        ("square", 'url = "https://api.example.com/webhooks/square"'),
        ("chargebee", 'account = "..."  # the site: acme, where its address is acme.chargebee.com'),
    ],
)
def test_the_table_says_what_this_provider_needs(stack, provider, line):
    assert line in connect(stack, person("", "", ""), provider).saw


def test_paypal_says_later_which_id_the_webhook_has(stack):
    someone = person("", "")
    add(NewSource(named("paypal", "second", stack, account="", sandbox=False), wait=NOT), stack, someone.terminal)

    assert 'webhook_id = "..."  # the id PayPal shows beside the webhook' in someone.saw


def test_what_is_checked_by_the_provider_itself_needs_no_secret(stack):
    assert all("Signing secret" not in question for question in connect(stack, person("", ""), "paypal").asked)


def test_account_and_sandbox_stand_in_the_table(stack):
    someone = person("")
    source = named("lemonsqueezy", "shop", stack, account="42", sandbox=True)

    assert add(NewSource(source, wait=NOT), stack, someone.terminal) == 0
    assert '[sources.shop]\nprovider = "lemonsqueezy"\naccount = "42"\nsandbox = true' in someone.saw


def test_a_new_secret_comes_first_and_older_ones_still_count(stack):
    store(stack, "Sources", {"paddle": ["old"], "stripe": ["whsec_1"]})

    connect(stack, person(NEW, ""))

    assert stored(stack, "Sources") == {"paddle": [NEW, "old"], "stripe": ["whsec_1"]}


def test_at_most_five_secrets_are_kept(stack):
    store(stack, "Sources", {"paddle": ["5", "4", "3", "2", "1"]})

    connect(stack, person(NEW, ""))

    assert stored(stack, "Sources") == {"paddle": [NEW, "5", "4", "3", "2"]}


def test_the_same_secret_again_is_one(stack):
    store(stack, "Sources", {"paddle": ["a", NEW]})

    connect(stack, person(NEW, ""))

    assert stored(stack, "Sources") == {"paddle": [NEW, "a"]}


def test_older_secrets_can_be_dropped(stack):
    store(stack, "Sources", {"paddle": "old"})

    connect(stack, person(NEW, ""), replace=True)

    assert stored(stack, "Sources") == {"paddle": [NEW]}


def test_an_empty_answer_changes_nothing(stack):
    store(stack, "Sources", {"paddle": ["old"]})

    assert "No secret was stored." in connect(stack, person(" ", "")).saw
    assert stored(stack, "Sources") == {"paddle": ["old"]}
    assert stored(stack, "Apis") == {}


def test_what_cannot_be_the_secret_is_not_stored_and_asked_for_again(stack):
    someone = connect(stack, person("pdl_live_apikey_01gtgztp8f4k", f'"{NEW}"', f" {NEW} ", ""))

    assert stored(stack, "Sources") == {"paddle": [NEW]}
    assert "Not stored: this is a key of the API. Needed is the destination's secret key" in someone.saw
    assert "Not stored: it stands in quotes: leave them out." in someone.saw
    assert NEW not in someone.saw


def test_whoever_has_no_better_one_may_leave_it(stack):
    assert "No secret was stored." in connect(stack, person("sk_live_1", "", ""), "paddle").saw
    assert stored(stack, "Sources") == {}


@pytest.mark.parametrize(("answer", "expected"), [("y", ["pdl_ntfset_short"]), ("", [NEW]), ("n", [NEW])])
def test_a_person_decides_whether_an_unusual_secret_is_stored(stack, answer, expected):
    later = [NEW] if expected == [NEW] else []

    someone = connect(stack, person("pdl_ntfset_short", answer, *later, ""))

    assert stored(stack, "Sources") == {"paddle": expected}
    assert "This would be unusual: a secret of Paddle is pdl_ntfset_, an id" in someone.asked[1]
    assert someone.asked[1].endswith("Store it all the same (y/n)? ")


def test_a_script_stores_an_unusual_secret_with_a_warning(stack):
    someone = person("pdl_ntfset_short", "")
    alone = replace(someone.terminal, attended=False)

    add(NewSource(named("paddle", None, stack, account="", sandbox=False), wait=NOT), stack, alone)

    assert stored(stack, "Sources") == {"paddle": ["pdl_ntfset_short"]}
    assert "It is stored, but look again: this would be unusual" in someone.saw


def test_a_script_stops_at_what_cannot_be_the_secret(stack):
    someone = person("sk_live_1", "key")
    alone = replace(someone.terminal, attended=False)

    with pytest.raises(ConfigurationError, match=r"the signing secret was not stored: this is the key of an API"):
        add(NewSource(named("paddle", None, stack, account="", sandbox=False), wait=NOT), stack, alone)
    assert stored(stack, "Sources") == {}


def test_credentials_of_the_api_are_stored_apart_from_signing_secrets(stack):
    connect(stack, person("", "pdl_key"))

    assert stored(stack, "Apis") == {"paddle": {"key": "pdl_key"}}
    assert stored(stack, "Sources") == {}


def test_secrets_are_never_shown(stack):
    assert "pdl_" not in connect(stack, person(NEW, "pdl_key")).saw


def test_consent_follows_the_credentials_where_a_person_is_there(stack, monkeypatch):
    asked = []
    monkeypatch.setattr("afterbill_cli.sources.consent.ask", lambda source, *_: asked.append(source.name))

    connect(stack, person("key", "y", "me", "mine"), "xero")

    assert asked == ["ledger"]
    assert stored(stack, "Apis") == {"ledger": {"client_id": "me", "client_secret": "mine"}}


def test_a_script_is_told_that_a_person_has_to_consent(stack):
    someone = person("key", "me", "mine")
    alone = replace(someone.terminal, attended=False)

    add(NewSource(named("xero", None, stack, account="", sandbox=False), wait=NOT), stack, alone)

    assert someone.shown[-1] == "A person has to consent: `afterbill source consent ledger`"


def test_a_provider_without_an_api_asks_for_one_secret(stack):
    assert len(connect(stack, person("whsec_c2VjcmV0", "y"), "standard_webhooks").asked) == 2
    assert stored(stack, "Sources") == {"events": ["whsec_c2VjcmV0"]}


def test_what_is_fetched_needs_no_signing_secret_and_no_address(stack):
    someone = connect(stack, person("key"), "runmyaccounts", wait=timedelta(minutes=1))

    assert "sends no webhooks" in someone.saw
    assert stored(stack, "Apis") == {"fetched": {"key": "key"}}


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        (("a secret of sixteen", "live_key"), "the signing secret and the credentials of the API"),
        (("a-secret-of-sixteen", ""), "the signing secret"),
        (("", "live_key"), "the credentials of the API"),
        (("", ""), "nothing"),
    ],
)
def test_a_source_that_is_not_deployed_is_waited_for_after_the_deployment(stack, answers, kept):
    answers = (answers[0].replace(" ", "-"), answers[1])
    server = Server(404)

    someone = connect(stack, person(*answers), "mollie", wait=timedelta(minutes=10), http=server)

    assert someone.shown[-3:] == [
        "The address answers 404: [sources.mollie] is not deployed yet.",
        f"Stored, and kept: {kept}.",
        f"Edit {stack.edited}. Then run this again: an empty answer leaves what is stored.",
    ]
    assert someone.slept == 0
    assert [request[:2] for request in server.requests] == [("GET", "https://api.example.com/webhooks/mollie")]


def test_an_address_that_does_not_answer_is_not_waited_for(stack):
    class Down(Server):
        def send(self, *_):
            raise TransientError("no answer")

    someone = person(NEW, "")
    source = named("paddle", None, stack, account="", sandbox=False)

    assert add(NewSource(source), stack, someone.terminal, Down()) == 2
    assert someone.shown[-3:-1] == ["The address does not answer.", "Stored, and kept: the signing secret."]
    assert someone.slept == 0


def test_where_nothing_is_stored_nothing_is_waited_for(stack):
    someone = connect(stack, person("", ""), wait=timedelta(minutes=10))

    assert someone.shown[-1] == "Nothing is stored for paddle, so its webhooks are refused: none is waited for."
    assert someone.slept == 0


@pytest.mark.parametrize("secret", ["Sources", "Apis"])
def test_what_was_stored_before_is_waited_for(stack, secret):
    store(stack, secret, {"paddle": {"Sources": [NEW], "Apis": {"key": "k"}}[secret]})

    assert "Waiting 10s for the first event" in connect(stack, person("", ""), wait=timedelta(seconds=10)).saw


@pytest.mark.usefixtures("readable")
def test_the_first_event_ends_the_waiting(stack):
    log(stack, "capture_event", source="stripe", outcome="scheduled", reason="")
    log(stack, "capture_event", source="paddle", outcome="skipped", reason="not_asked")

    someone = connect(stack, person(NEW, ""), wait=timedelta(minutes=10))

    assert someone.shown[-1] == "The first event arrived: skipped, because of not_asked."
    assert someone.slept == 0


@pytest.mark.usefixtures("readable")
def test_a_visit_is_not_told_while_waiting(stack):
    log(stack, "receive_webhook", source="paddle", reason="method_not_allowed")

    assert "refused" not in connect(stack, person(NEW, ""), wait=timedelta(seconds=5)).saw


@pytest.mark.usefixtures("readable")
def test_refused_webhooks_are_told_once_while_waiting(stack):
    log(stack, "receive_webhook", source="paddle", reason="signature_mismatch")
    log(stack, "receive_webhook", source="paddle", reason="signature_mismatch")

    someone = connect(stack, person(NEW, ""), wait=timedelta(seconds=10))

    assert someone.saw.count("refused (signature_mismatch): Paddle signs with another secret") == 1
    assert someone.shown[-1].startswith("No event yet. `afterbill source test paddle`")
    assert someone.slept == 10


@pytest.mark.usefixtures("readable")
def test_lines_that_are_no_json_are_passed_over(stack):
    logs = stack.client("logs")
    log(stack, "capture_event", source="elsewhere")
    event = {"timestamp": int(time.time() * 1000) + 1000, "message": "START RequestId"}
    logs.put_log_events(logGroupName="/aws/lambda/test-capture_event", logStreamName="one", logEvents=[event])

    assert "No event yet" in connect(stack, person(NEW, ""), wait=timedelta(seconds=5)).saw


def test_waiting_can_be_interrupted(stack, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("afterbill_cli.sources.add.first_event", interrupted)

    assert "No event yet" in connect(stack, person(NEW, ""), wait=timedelta(minutes=1)).saw


def test_the_configured_name_of_a_provider_is_found(stack):
    assert named("standard_webhooks", None, stack, account="", sandbox=False) == Source("events", "standard_webhooks")


def test_a_name_of_another_provider_is_not_taken(stack):
    with pytest.raises(AfterbillError, match=r"\[sources.stripe\] is of stripe: choose another --name"):
        named("paddle", "stripe", stack, account="", sandbox=False)


@pytest.mark.parametrize("name", ["UPPER", "a b", "../x", "x" * 41])
def test_a_name_that_no_source_can_have_is_refused(name):
    with pytest.raises(ConfigurationError, match="cannot be a source"):
        source_name(name)
