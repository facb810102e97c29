"""`afterbill source list`, `test`, `consent` and `confirm`."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.connectors import registry
from afterbill.intake.connector import Login
from afterbill.model.billing import OperatorTask
from afterbill.model.errors import AfterbillError, PayloadError, TransientError
from afterbill.model.webhooks import TEST_HEADER, Webhook
from afterbill_cli import tasks
from afterbill_cli.memory.keys import MemoryApis
from afterbill_cli.output import Output
from afterbill_cli.sources import confirm, consent, list_sources, test_webhook
from tests.contract.scores_table import TABLE
from tests.unit.cli.people import Server, person, store, stored
from tests.unit.cli.stacks_under_test import accepted, client, logged, refused, turned_away

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SILENT = ("none in 30 days", "none")
CLIENT = {"client_id": "me", "client_secret": "mine"}


# list


def hearing(stack, *lines):
    """The stack, with these lines in the logs of its functions."""
    logs = client("logs", {"FilterLogEvents": logged(*lines)})
    return replace(stack, client=lambda service: logs if service == "logs" else stack.client(service))


def rows(stack, capsys):
    assert list_sources.show(stack) == 0
    lines = capsys.readouterr().out.splitlines()
    return {line.split("  ")[0]: [cell for cell in line.split("  ") if cell][1:] for line in lines}


def test_the_list_says_what_is_missing(stack, capsys):
    store(stack, "Sources", {"paddle": ["a", "b"]})
    store(stack, "Apis", {"paddle": {"key": "k"}, "ledger": {"client_id": "half"}})

    listed = {name: [cell.strip() for cell in cells] for name, cells in rows(stack, capsys).items()}

    assert listed["paddle"] == ["paddle", "2", "stored", "not needed", *SILENT]
    assert listed["events"] == ["standard_webhooks", "missing", "not needed", "not needed", *SILENT]
    assert listed["ledger"] == ["xero", "missing", "missing", "missing", *SILENT]
    assert listed["paypal"] == ["paypal", "not needed", "missing", "not needed", *SILENT]
    assert listed["fetched"] == ["runmyaccounts", "not needed", "missing", "not needed", "is polled"]


def test_the_list_shows_no_secret(stack, capsys):
    store(stack, "Sources", {"paddle": ["whsec_hidden"]})
    store(stack, "Tokens", {"ledger": {"refresh_token": "hidden", "access_token": "hidden"}})

    list_sources.show(stack)

    output = capsys.readouterr().out
    assert "hidden" not in output
    assert "given" in output


def test_the_list_says_when_each_source_was_last_heard(stack, capsys):
    now = datetime.now(UTC)
    heard = hearing(
        stack,
        accepted("paddle", now - timedelta(hours=3)),
        accepted("events", now - timedelta(days=9, minutes=1)),
        turned_away("events", now - timedelta(minutes=61)),
    )

    listed = rows(heard, capsys)

    assert [cell.strip() for cell in listed["paddle"][-2:]] == ["3 hours ago", "none"]
    assert [cell.strip() for cell in listed["events"][-2:]] == ["9 days ago", "1 hour ago (signature_mismatch)"]


def test_programs_read_the_moments_and_the_silence(stack, capsys):
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(days=9, minutes=1)
    list_sources.show(hearing(stack, accepted("events", at)), Output.JSON)

    listed = {row["source"]: row for row in json.loads(capsys.readouterr().out)}
    assert (listed["events"]["accepted_at"], listed["events"]["silent_hours"]) == (at.isoformat(), 216)
    assert (listed["paddle"]["accepted_at"], listed["paddle"]["silent_hours"]) == (None, None)
    assert listed["paddle"]["read_since"] < at.isoformat()
    assert "accepted_at" in listed["fetched"]


def test_the_columns_of_the_list_are_those_of_every_row(stack, capsys):
    list_sources.show(stack, Output.CSV)

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(",") == [*list_sources.COLUMNS, *list_sources.TIMES]
    assert len({line.count(",") for line in lines}) == 1


def test_without_the_permission_to_read_logs_the_rest_is_listed(stack, capsys):
    def denied(service):
        if service == "logs":
            return client(
                "logs", {"FilterLogEvents": refused("AccessDeniedException", "perform: logs:FilterLogEvents")}
            )
        return stack.client(service)

    assert list_sources.show(replace(stack, client=denied)) == 0

    printed = capsys.readouterr()
    assert "when webhooks came is unknown: AWS: you may not look" in printed.err
    assert "paddle" in printed.out
    assert "unknown  " in printed.out


# test


@pytest.mark.parametrize(
    ("name", "doubt"),
    [
        (
            "events",
            "It was signed here, with the stored secret. Whether Standard Webhooks has the same secret and address",
        ),
        ("paypal", "Whether PayPal sends to this address"),
    ],
)
def test_a_test_says_what_it_cannot_prove(stack, name, doubt, capsys):
    store(stack, "Sources", {"events": ["whsec_c2VjcmV0"]})

    assert test_webhook.send_test(stack.source(name), hearing(stack), http=Server(202)) == 0

    assert f"{doubt}, only a webhook of its own proves: none was accepted yet." in capsys.readouterr().out


def test_a_test_says_when_the_billing_system_proved_it(stack, capsys):
    store(stack, "Sources", {"paddle": ["s"]})
    heard = hearing(stack, accepted("paddle", datetime.now(UTC) - timedelta(minutes=5)))

    test_webhook.send_test(stack.source("paddle"), heard, http=Server(202))

    assert "the last one accepted came 5 minutes ago" in capsys.readouterr().out


def test_a_test_does_not_fail_over_logs_that_cannot_be_read(stack, capsys):
    store(stack, "Sources", {"paddle": ["s"]})
    older = replace(stack, outputs={key: url for key, url in stack.outputs.items() if not key.startswith("Receive")})

    assert test_webhook.send_test(stack.source("paddle"), older, http=Server(202)) == 0
    assert "whether one came is unknown (stack test has no output" in capsys.readouterr().out


def test_a_test_is_marked_so_that_nobody_takes_it_for_a_webhook_of_the_billing_system(stack):
    store(stack, "Sources", {"paddle": ["s"]})
    server = Server()

    test_webhook.send_test(stack.source("paddle"), stack, http=server)

    assert TEST_HEADER in server.requests[0][2]


@pytest.mark.parametrize("provider", ["paddle", "standard_webhooks", "freshbooks"])
def test_the_unwanted_sample_is_signed_and_sent(stack, provider, capsys):
    name = {"paddle": "paddle", "standard_webhooks": "events", "freshbooks": "books"}[provider]
    store(stack, "Sources", {name: ["whsec_c2VjcmV0"]})
    server = Server(202)

    assert test_webhook.send_test(stack.source(name), stack, http=server) == 0

    ((method, url, headers, body),) = server.requests
    sent = Webhook(name, headers, body, datetime.now(UTC))
    assert (method, url) == ("POST", f"https://api.example.com/webhooks/{name}")
    assert registry.load(provider).verify(sent, ["whsec_c2VjcmV0"], sent.received_at) is None
    assert capsys.readouterr().out.startswith("202: taken")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "the stored secret is not the one that counts"),
        (404, "no source of this name is deployed"),
        (413, "too large"),
        (418, "is this its address"),
    ],
)
def test_any_other_answer_is_explained_and_fails(stack, status, expected, capsys):
    store(stack, "Sources", {"paddle": ["s"]})

    assert test_webhook.send_test(stack.source("paddle"), stack, http=Server(status)) == 1
    assert f"{status}: " in (output := capsys.readouterr().out)
    assert expected in output


def test_another_file_and_address_can_be_used(stack, tmp_path):
    store(stack, "Sources", {"paddle": ["s"]})
    (tmp_path / "other.xml").write_text("<other/>")
    server = Server()

    test_webhook.send_test(
        stack.source("paddle"), stack, file=tmp_path / "other.xml", url="http://127.0.0.1:1/hook", http=server
    )

    ((_, url, headers, body),) = server.requests
    assert (url, body, headers["content-type"]) == ("http://127.0.0.1:1/hook", b"<other/>", "application/xml")


def test_a_file_that_is_not_there_is_told(stack, tmp_path):
    store(stack, "Sources", {"paddle": ["s"]})

    with pytest.raises(AfterbillError, match="No such file or directory"):
        test_webhook.send_test(stack.source("paddle"), stack, file=tmp_path / "none.json", http=Server())


def test_a_signed_webhook_goes_nowhere_unencrypted():
    with pytest.raises(AfterbillError, match="neither https nor on this machine"):
        test_webhook.protected("http://example.com/")


def test_what_only_the_provider_can_vouch_for_is_taken_and_refused_later(stack, capsys):
    assert test_webhook.send_test(stack.source("paypal"), stack, http=Server(200)) == 0
    assert "refused when PayPal is asked" in capsys.readouterr().out


def test_without_a_secret_nothing_is_sent(stack):
    with pytest.raises(AfterbillError, match="no signing secret is stored for paddle"):
        test_webhook.send_test(stack.source("paddle"), stack, http=Server())


def test_what_is_fetched_cannot_be_sent(stack):
    with pytest.raises(AfterbillError, match="sends no webhooks"):
        test_webhook.send_test(stack.source("fetched"), stack, http=Server())


def test_every_provider_with_webhooks_has_an_unwanted_sample():
    for provider in registry.PROVIDERS:
        if registry.load(provider).poller is None:
            assert test_webhook.unwanted(provider).is_file()
    with pytest.raises(AfterbillError, match="name one with --file"):
        test_webhook.unwanted("nobody")


def test_a_query_that_proves_the_webhook_is_part_of_the_address(stack, monkeypatch):
    store(stack, "Sources", {"paddle": ["s"]})
    signed = Webhook("paddle", {}, b"{}", NOW, query={"key": "a b"})
    monkeypatch.setattr(test_webhook, "_signed", lambda *_: signed)
    server = Server()

    test_webhook.send_test(stack.source("paddle"), stack, http=server)

    assert server.requests[0][1].endswith("/webhooks/paddle?key=a+b")


# consent


class Browser:
    """Consents at the address that was shown and tells where it ended."""

    def __init__(self, **changes):
        self.changes = changes
        self.shown: list[str] = []
        self.question: dict[str, list[str]] = {}

    def answer(self, _prompt):
        (url,) = (line for line in self.shown if line.startswith("https://"))
        self.question = parse_qs(urlsplit(url).query)
        answer = {"code": "c0de", "state": self.question["state"][0], **self.changes}
        return "https://localhost/afterbill?" + "&".join(f"{key}={value}" for key, value in answer.items() if value)

    @property
    def terminal(self):
        someone = person()
        return consent.Terminal(self.answer, self.answer, self.shown.append, someone.terminal.sleep)


def give(stack, browser, server):
    store(stack, "Apis", {"ledger": CLIENT})
    return consent.ask(stack.source("ledger"), stack, browser.terminal, http=server)


TOKENS = {"access_token": "a1", "refresh_token": "r1", "expires_in": 1800}


def test_the_tokens_of_a_consent_are_stored(stack):
    before = datetime.now(UTC)

    assert give(stack, Browser(), Server(200, TOKENS)) == 0

    kept = stored(stack, "Tokens")["ledger"]
    assert (kept["access_token"], kept["refresh_token"]) == ("a1", "r1")
    assert datetime.fromisoformat(kept["expires_at"]) >= before + timedelta(seconds=1800)


def test_the_code_is_exchanged_as_the_client_that_asked(stack):
    browser, server = Browser(), Server(200, TOKENS)

    give(stack, browser, server)

    ((_, url, headers, body),) = server.requests
    assert url == registry.load("xero").API.token_url
    assert {name.lower(): value for name, value in headers.items()}["authorization"] == "Basic bWU6bWluZQ=="
    assert parse_qs(body.decode()) == {
        "grant_type": ["authorization_code"],
        "code": ["c0de"],
        "redirect_uri": [consent.REDIRECT],
    }
    assert browser.question["client_id"] == ["me"]
    assert "mine" not in "".join(browser.shown)


def test_every_question_has_another_state(stack):
    first, second = Browser(), Browser()
    give(stack, first, Server(200, TOKENS))
    give(stack, second, Server(200, TOKENS))

    assert first.question["state"] != second.question["state"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "another"}, "its state differs"),
        ({"state": ""}, "its state differs"),
        ({"code": "", "error": "access_denied"}, "no consent was given: access_denied"),
        ({"code": ""}, "the address holds no code"),
    ],
)
def test_what_is_no_consent_is_exchanged_for_nothing(stack, changes, expected):
    server = Server(200, TOKENS)

    with pytest.raises(AfterbillError, match=expected):
        give(stack, Browser(**changes), server)
    assert server.requests == []


@pytest.mark.parametrize("body", [{"error": "invalid_grant"}, {"access_token": "a1"}])
def test_without_a_refresh_token_nothing_is_stored(stack, body):
    with pytest.raises(AfterbillError, match="the code was not taken"):
        give(stack, Browser(), Server(200, body))
    assert stored(stack, "Tokens") == {}


def test_consent_is_asked_only_where_it_is_needed(stack):
    with pytest.raises(AfterbillError, match="paddle needs nobody's consent"):
        consent.ask(stack.source("paddle"), stack, person().terminal)


def test_consent_needs_a_client(stack):
    with pytest.raises(AfterbillError, match="no client_id and client_secret for ledger"):
        consent.ask(stack.source("ledger"), stack, person().terminal)


@pytest.mark.parametrize(
    "provider", [name for name in registry.PROVIDERS if (api := registry.load(name).API) and api.login is Login.CONSENT]
)
def test_whoever_needs_consent_says_where(provider):
    api = registry.load(provider).API
    assert api.consent_url.startswith("https://")
    assert api.token_url.startswith("https://")


# confirm


def park(stack, callback, verifier="v3r1fier", **more):
    details = {"callback": callback, "verifier": verifier, **more}
    task = OperatorTask("books", "verifier", callback, NOW, details=details, lives=timedelta(days=1))
    FactsTable(stack.client("dynamodb"), TABLE).keep_task(task, "", NOW)


def confirmed(callback):
    return {f"PUT /events/account/A1/events/callbacks/{callback}": {"response": {}}}


def test_a_confirmed_verifier_becomes_a_signing_secret(stack, capsys):
    park(stack, "7")
    store(stack, "Sources", {"books": ["older"]})

    assert confirm.confirm(stack.source("books"), stack, MemoryApis(confirmed("7"))) == 0

    assert stored(stack, "Sources") == {"books": ["v3r1fier", "older"]}
    assert confirm.confirm(stack.source("books"), stack, MemoryApis()) == 0
    assert "No verifier waits" in (output := capsys.readouterr().out)
    assert "v3r1fier" not in output


def test_the_verifier_is_sent_back_as_it_came(stack):
    park(stack, "7")
    sent = []

    def call(path, *, method, body):
        sent.append((method, path, json.loads(body)))
        return {}

    apis = MemoryApis()
    apis.of = lambda *_: call
    confirm.confirm(stack.source("books"), stack, apis)

    expected = {"callback": {"callback_id": 7, "verifier": "v3r1fier"}}
    assert sent == [("PUT", "/events/account/A1/events/callbacks/7", expected)]


def test_a_verifier_that_nobody_vouches_for_is_not_trusted(stack, capsys):
    park(stack, "7")
    park(stack, "8", "another")

    assert confirm.confirm(stack.source("books"), stack, MemoryApis(confirmed("8"))) == 1

    assert stored(stack, "Sources") == {"books": ["another"]}
    assert "callback 7: refused" in capsys.readouterr().out
    assert tasks.read(stack, ["books"]) == []


def test_a_verifier_waits_on_while_the_provider_does_not_answer(stack, capsys):
    def silent(*_, **__):
        raise TransientError("the API does not answer")

    apis = MemoryApis()
    apis.of = lambda *_: silent
    park(stack, "7")

    assert confirm.confirm(stack.source("books"), stack, apis) == 1

    assert "callback 7: not confirmed, its verifier waits on" in capsys.readouterr().out
    assert [task.details["callback"] for task in tasks.read(stack, ["books"])] == ["7"]


def test_a_verifier_that_the_provider_cannot_take_is_refused(stack, capsys):
    def unfit(*_, **__):
        raise PayloadError("status 422")

    apis = MemoryApis()
    apis.of = lambda *_: unfit
    park(stack, "7")

    assert confirm.confirm(stack.source("books"), stack, apis) == 1

    assert "callback 7: refused" in capsys.readouterr().out
    assert tasks.read(stack, ["books"]) == []


def test_an_api_that_does_not_answer_confirms_nothing(stack, capsys):
    park(stack, "7")

    assert confirm.confirm(stack.source("books"), stack, MemoryApis(down=True)) == 1

    assert stored(stack, "Sources") == {}
    assert "no answer" in capsys.readouterr().out


def test_every_callback_keeps_its_own_secret(stack):
    for callback in range(9):
        park(stack, str(callback), f"v{callback}")
    answers = {key: value for number in range(9) for key, value in confirmed(number).items()}

    confirm.confirm(stack.source("books"), stack, MemoryApis(answers))

    assert len(stored(stack, "Sources")["books"]) == 9


def test_confirming_needs_credentials_and_an_account(stack):
    park(stack, "7")

    with pytest.raises(AfterbillError, match="no credentials for its API"):
        confirm.confirm(stack.source("books"), stack)
    surveys = stack.config / "surveys.toml"
    surveys.write_text(surveys.read_text().replace('account = "A1"', ""))
    with pytest.raises(AfterbillError, match=r"books\.account is missing"):
        confirm.confirm(stack.source("books"), stack, MemoryApis(confirmed("7")))


def test_a_handshake_may_name_the_account_itself(stack):
    surveys = stack.config / "surveys.toml"
    surveys.write_text(surveys.read_text().replace('account = "A1"', ""))
    park(stack, "7", account="A1")

    assert confirm.confirm(stack.source("books"), stack, MemoryApis(confirmed("7"))) == 0
