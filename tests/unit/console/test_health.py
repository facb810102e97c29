"""The page of health: what the scheduled check left, in the words of its reader."""

import ast
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from string import Formatter

import pytest

from afterbill_actions.texts import LANGUAGES
from afterbill_console.health import words
from afterbill_console.health.document import OLD, PLACE, iso, told
from afterbill_console.health.findings import fail, unknown, warn
from afterbill_console.roles import Role
from afterbill_console.texts import catalog, texts
from afterbill_dev.console.health import healthy, troubled
from afterbill_dev.console.world import NOW, World
from tests.contract.template import of_type

CHECKS = Path("layers/console/afterbill_console")


def shown(world: World, language: str = "en") -> str:
    answer = world.get("/app/health", world.sign_in(language=language))
    assert answer.status == 200
    return " ".join(re.sub(r"<[^>]+>", " ", answer.body).replace("&#39;", "'").split())


def left(world: World, **differences: object) -> World:
    """Store the document of a stack in order with these differences."""
    world.documents.store(PLACE, {**healthy(NOW), **differences})
    return world


def test_a_stack_in_order_says_so_in_one_sentence(world: World):
    page = shown(left(world))

    assert "Everything works" in page
    assert "Last checked on 30 Nov 2026, 10:26, installation afterbill." in page
    assert "What to do" not in page
    assert "In order: 16 checks" in page


def test_what_needs_somebody_is_counted_and_said_with_what_to_do(world: World):
    page = shown(world)

    assert "5 things need you" in page
    assert "Inbox of webhooks: 3 messages were left behind." in page
    assert "40,512 of 50,000 mails in 24 hours: the quota is nearly used up. Request a higher quota from AWS." in page
    assert "shop: nothing has come for 9 days." in page
    assert "It may not look here: the permission scheduler:ListSchedules is missing." in page
    assert page.index("messages were left behind") < page.index("nothing has come") < page.index("It may not look")


def test_alarms_are_named_in_words_with_their_beginning(world: World):
    page = shown(world)

    assert "2 alarms Inbox of webhooks: messages were left behind Alarm Since 30 Nov 2026, 05:18" in page
    assert "The sending quota is used up Alarm Since 30 Nov 2026, 09:42" in page


def test_the_page_speaks_german(world: World):
    page = shown(world, "de")

    assert "5 Punkte brauchen Ihre Aufmerksamkeit" in page
    assert "40.512 von 50.000 E-Mails in 24 Stunden: Das Kontingent ist fast ausgeschöpft." in page
    assert "shop: Seit 9 Tagen kam nichts mehr." in page
    assert "81 % genutzt" in page


def test_sources_tell_what_came_last_and_what_was_refused(world: World):
    page = shown(world)

    assert "stripe Stripe sends 30 Nov 2026, 10:18 –" in page
    assert "shop Shopify silent" in page
    assert "events Standard Webhooks is refused 30 Nov 2026, 08:30 30 Nov 2026, 09:50 wrong signature" in page
    assert "books FreshBooks is polled is polled –" in page


def test_a_source_that_never_sent_says_since_when_it_was_listened_to(world: World):
    source = {"name": "new", "provider": "new", "polled": False, "accepted_at": None, "refused_at": None}
    page = shown(left(world, sources=[{**source, "since": iso(NOW - timedelta(days=3)), "refusal": ""}]))

    assert "new never heard none since 27 Nov 2026 –" in page


def test_only_strangers_who_were_refused_make_a_source_refused(world: World):
    source = {"name": "x", "provider": "x", "polled": False, "accepted_at": None, "since": iso(NOW), "refusal": "odd"}
    page = shown(left(world, sources=[{**source, "refused_at": iso(NOW)}]))

    assert "x is refused none since 30 Nov 2026 30 Nov 2026, 10:30 odd" in page


def test_without_sources_it_says_so(world: World):
    assert "No sources are configured." in shown(left(world, sources=[]))


def test_a_check_that_is_old_is_not_taken_for_the_truth(world: World):
    page = shown(left(world, looked_at=iso(NOW - OLD - timedelta(minutes=1))))

    assert "Nobody has looked for a while" in page
    assert "That is 46 minutes ago; usual are 15." in page
    assert "Everything works" not in page


def test_before_the_first_check_it_says_when_that_comes(world: World):
    world.documents.documents.clear()

    assert "The first check comes within 15 minutes of the deployment" in shown(world)


def test_what_could_not_be_looked_at_is_no_good_news(world: World):
    findings = told("queues", [unknown("no time", "", "not_looked")])
    page = shown(left(world, findings=findings, missing={"mail": "TransientError"}, mail=None))

    assert "2 things could not be checked" in page
    assert "Could not be looked at: quota." in page


def test_a_warning_alone_is_one_thing(world: World):
    found = warn("copies", "less", "too_fast", copies=20, rate=14.0)
    page = shown(left(world, findings=told("SES quota", [found])))

    assert "1 thing needs you" in page
    assert "Up to 20 senders run, and SES takes 14 mails a second." in page


def test_rates_are_shares(world: World):
    found = fail("bounces", "look", "bounce_rate", rate=0.0512, most=0.04)

    assert "5.12 % of the mails bounce; at 4.00 % sending stops." in shown(
        left(world, findings=told("reputation", [found]))
    )


def test_what_the_doctor_says_without_a_code_stays_in_its_own_words(world: World):
    page = shown(left(world, findings=told("oddity", [fail("something strange", "`do it`")])))

    assert "oddity Error something strange" in page
    assert "→ do it" in page


def test_values_with_names_of_the_template_become_words(world: World):
    found = fail("x", "", "refused_all", source="stripe", refusal="signature_mismatch")
    ringing = fail("y", "", "alarm", alarm="InboxAgeAlarm")
    page = shown(left(world, findings=[*told("webhooks", [found]), *told("alarms", [ringing])]))

    assert "stripe: webhooks are refused (wrong signature)" in page
    assert "1 thing needs you" in page


def test_halted_sending_and_used_up_quotas_are_said(world: World):
    sending = {"halted": True, "reason": "5 of 5 mails bounced", "waits": {"mail": iso(NOW + timedelta(hours=1))}}
    mail = {"sent": 210.0, "day": 200.0, "rate": 1.0, "sandbox": True}
    page = shown(left(world, sending=sending, mail=mail))

    assert "Sending is stopped. 5 of 5 mails bounced" in page
    assert "E-mail: the quota is used up; surveys wait until 30 Nov 2026, 11:30." in page
    assert "105 % used" in page
    assert "The account is still in the sandbox." in page


def test_an_account_without_a_limit_has_no_share(world: World):
    page = shown(left(world, mail={"sent": 7.0, "day": None, "rate": 14.0, "sandbox": False}))

    assert "7 mails in 24 hours" in page
    assert "used" not in page.split("Sending ")[1].split("Why nobody")[0]


def test_figures_that_are_missing_are_unknown_and_not_zero(world: World):
    page = shown(left(world, sending=None, steps=None, queues=None, alarms=None, skips=None, versions=None, mail=None))

    assert page.count("This could not be determined.") == 3
    assert "The report of the week has not been computed yet." in page


def test_skips_lead_to_the_coverage(world: World):
    page = world.get("/app/health", world.sign_in()).body

    assert '<a href="/app/coverage?window=7d">' in page
    assert "Asked recently" in page
    assert "Nothing was skipped this week." in shown(left(world, skips={**healthy(NOW)["skips"], "rows": []}))


def test_a_step_that_missed_three_turns_is_overdue(world: World):
    def step(name: str, **ago: float) -> dict[str, str | None]:
        return {"name": name, "finished_at": iso(NOW - timedelta(**ago)) if ago else None}

    page = shown(
        left(world, steps=[step("review_clicks", hours=2), step("archive_facts", hours=2), step("poll_billing")])
    )

    assert "Review clicks 30 Nov 2026, 08:30 overdue" in page
    assert "Write the archive 30 Nov 2026, 08:30 Poll billing systems not since yesterday overdue" in page


@pytest.mark.parametrize(
    ("seconds", "age"), [(200000.0, "2 days"), (90000.0, "1 day"), (7200.0, "2 hours"), (20.0, "1 minute"), (None, "–")]
)
def test_queues_tell_how_long_the_oldest_waits(world: World, seconds, age):
    queue = {"name": "Inbox", "waiting": 4, "dead": False, "oldest_seconds": seconds}

    assert f"Inbox of webhooks 4 {age}" in shown(left(world, queues=[queue]))


def test_nobody_but_an_admin_opens_it(world: World):
    assert [role for role in Role if world.get("/app/health", world.sign_in(role)).status == 200] == [Role.ADMIN]


def test_it_reads_one_document_beside_the_session(world: World, monkeypatch):
    ticket, read = world.sign_in(), []
    monkeypatch.setattr(type(world.documents), "load", lambda _self, place: (read.append(place), healthy(NOW))[1])
    world.get("/app/health", ticket)

    assert read == [PLACE]


def codes() -> dict[str, set[str]]:
    """The codes that the checks give, each with the names of its values."""
    found: dict[str, set[str]] = {
        # Those that are chosen where they are given.
        **{name: {"alarms"} for name in ("alarms_silent", "alarms_muted")},
        **{name: {"source", "refusal"} for name in ("refused", "refused_all")},
        **{name: {"rate", "most"} for name in ("bounce_rate", "complaint_rate")},
        "mail_from": {"domain"},
    }
    for file in [*CHECKS.glob("adapters/health/*.py"), *CHECKS.glob("health/*.py")]:
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in {"warn", "fail", "unknown"}:
                given = [*call.args[2:3], *(one.value for one in call.keywords if one.arg == "code")]
                if given and isinstance(given[0], ast.Constant):
                    found.setdefault(str(given[0].value), set()).update(str(one.arg) for one in call.keywords)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_of_a_check_has_its_sentence_and_what_to_do(language):
    told_in = {key.removeprefix("health."): text for key, text in catalog(language).items()}
    named = {name.removeprefix("do_") for name in told_in if name.startswith("do_")}

    assert named == codes().keys() - {"alarm"}  # which has a list of its own
    for code, values in codes().items():
        texts_of = [text for key, text in told_in.items() if re.fullmatch(f"(do|found)_{code}(_one|_other)?", key)]
        wanted = {name for text in texts_of for _, name, _, _ in Formatter().parse(text) if name}
        assert wanted <= values, code
        assert len(texts_of) in ({0} if code == "alarm" else {2, 3}), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_alarm_and_queue_of_the_template_has_a_word(language):
    t = texts(language)

    assert [name for name in of_type("AWS::CloudWatch::Alarm") if words.alarm(name, t) == name] == []
    assert [name for name in of_type("AWS::SQS::Queue") if words.queue(name, t) == name] == []


def test_an_alarm_of_another_template_keeps_its_name():
    assert words.alarm("SomethingElse", texts("en")) == "SomethingElse"


def test_commands_are_marked_and_nothing_else_becomes_html():
    assert words.coded("run `afterbill <x>` & go") == "run <code>afterbill &lt;x&gt;</code> &amp; go"


def test_the_troubled_stack_of_the_world_is_told_completely():
    document = troubled(NOW)

    assert {one["verdict"] for one in document["findings"]} == {"ok", "warn", "fail", "unknown"}
    assert replace(fail("a", "b"), code="c") == fail("a", "b")
