"""The post office of the local stack: what is remembered of a mail, what is told about it, how it is shown."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from afterbill_dev.local import inbox_pages
from afterbill_dev.local.mailbox import Mailbox, SentMail, Text, read_mail, read_texts
from afterbill_dev.local.ses_events import events

LETTER = SentMail(
    message_id="0100",
    sent_at=datetime(2026, 11, 22, 13, 5, 7, 250_000, tzinfo=UTC),
    sender="Acme <survey@acme.example>",
    recipients=("anna@example.com",),
    subject="Wie war's?",
    text="Antworten: https://acme.example/s/t?rating=9 <danke>",
    html='<p><a href="https://acme.example/s/t?rating=9">9</a></p>',
    headers=(
        ("List-Unsubscribe", "<https://acme.example/u/t>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
    ),
    tags={"invitation": "abc"},
    configuration_set="afterbill",
)
REQUEST = {
    "FromEmailAddress": LETTER.sender,
    "Destination": {"ToAddresses": ["anna@example.com"]},
    "ConfigurationSetName": "afterbill",
    "EmailTags": [{"Name": "invitation", "Value": "abc"}],
    "Content": {
        "Simple": {
            "Subject": {"Data": LETTER.subject},
            "Body": {"Text": {"Data": LETTER.text}, "Html": {"Data": LETTER.html}},
            "Headers": [{"Name": name, "Value": value} for name, value in LETTER.headers],
        }
    },
}


def kinds(mail: SentMail) -> list[str]:
    return [event["eventType"] for event in events(mail)]


def test_a_letter_keeps_what_ses_was_asked_to_send() -> None:
    mail = read_mail(json.dumps(REQUEST).encode(), "0100")

    assert replace(mail, sent_at=LETTER.sent_at) == LETTER


def test_a_letter_may_do_without_headers_tags_and_html() -> None:
    bare = {
        "FromEmailAddress": "survey@acme.example",
        "Destination": {"ToAddresses": ["anna@example.com"]},
        "Content": {"Simple": {"Subject": {"Data": "Hello"}, "Body": {"Text": {"Data": "Hello"}}}},
    }

    mail = read_mail(json.dumps(bare).encode(), "0101")

    assert (mail.html, mail.headers, mail.tags, mail.configuration_set) == ("", (), {}, None)


def test_a_letterbox_finds_letters_and_keeps_their_order() -> None:
    box = Mailbox()
    other = replace(LETTER, message_id="0101")
    box.put(LETTER)
    box.put(other)

    assert box.all() == [LETTER, other]
    assert box.find("0101") == other
    assert box.find("0102") is None


@pytest.mark.parametrize(
    ("address", "fate"),
    [
        ("anna@example.com", ["Send", "Delivery"]),
        ("bounce@example.com", ["Send", "Bounce"]),
        ("bounce+17@example.com", ["Send", "Bounce"]),
        ("complaint@example.com", ["Send", "Delivery", "Complaint"]),
        ("bouncer@example.com", ["Send", "Delivery"]),
    ],
)
def test_the_address_decides_what_becomes_of_a_mail(address: str, fate: list[str]) -> None:
    assert kinds(replace(LETTER, recipients=(address,))) == fate


def test_without_a_configuration_set_nobody_is_told() -> None:
    assert kinds(replace(LETTER, configuration_set=None)) == []


def test_an_event_carries_the_mail_with_its_tags() -> None:
    mail = events(LETTER)[0]["mail"]

    assert mail["messageId"] == "0100"
    assert mail["timestamp"] == "2026-11-22T13:05:07.250Z"
    assert mail["destination"] == ["anna@example.com"]
    assert mail["tags"]["invitation"] == ["abc"]
    assert mail["tags"]["ses:configuration-set"] == ["afterbill"]
    assert {"name": "List-Unsubscribe", "value": "<https://acme.example/u/t>"} in mail["headers"]


def test_a_bounce_is_permanent_and_names_the_recipient() -> None:
    bounce = events(replace(LETTER, recipients=("bounce@example.com",)))[1]["bounce"]

    assert (bounce["bounceType"], bounce["bounceSubType"]) == ("Permanent", "General")
    assert bounce["bouncedRecipients"][0]["emailAddress"] == "bounce@example.com"


def test_the_list_shows_the_newest_mail_first_and_escapes_subjects() -> None:
    mails = [replace(LETTER, subject="<b>old</b>"), replace(LETTER, message_id="0101", subject="new")]
    page = inbox_pages.list_page(mails)

    assert page.index("new") < page.index("&lt;b&gt;old&lt;/b&gt;")
    assert "<b>old</b>" not in page


def test_an_empty_list_says_when_mail_is_to_be_expected() -> None:
    assert "No mail yet" in inbox_pages.list_page([])


def test_a_mail_is_shown_in_a_frame_that_runs_nothing_and_opens_links_outside() -> None:
    page = inbox_pages.mail_page(LETTER)

    assert 'sandbox="allow-forms allow-popups allow-popups-to-escape-sandbox"' in page
    assert "allow-scripts" not in page
    assert 'srcdoc="&lt;base target=&quot;_blank&quot;&gt;&lt;p&gt;' in page


def test_the_text_part_is_escaped_and_its_links_can_be_clicked() -> None:
    page = inbox_pages.mail_page(LETTER)

    assert '<a target="_blank" href="https://acme.example/s/t?rating=9">' in page
    assert "&lt;danke&gt;" in page


def test_one_click_headers_show_as_a_button() -> None:
    page = inbox_pages.mail_page(LETTER)

    assert '<form method="post" target="_blank" action="https://acme.example/u/t">' in page
    assert '<input type="hidden" name="List-Unsubscribe" value="One-Click">' in page


def test_without_one_click_headers_there_is_no_button() -> None:
    assert "<button>" not in inbox_pages.mail_page(replace(LETTER, headers=()))


def test_programs_read_all_mails_as_json() -> None:
    [mail] = json.loads(inbox_pages.mails_as_json([LETTER]))

    assert mail["to"] == ["anna@example.com"]
    assert mail["tags"] == {"invitation": "abc"}
    assert mail["headers"][0] == ["List-Unsubscribe", "<https://acme.example/u/t>"]


TEXT = Text("1", "+4915123456789", "Acme: eine Frage: https://acme.example/c/0123456789 <STOP>")


def test_text_messages_are_read_by_number_in_the_order_they_were_sent() -> None:
    messages = {
        "sms_messages": {
            "+492": [{"MessageId": "2", "Message": "b"}],
            "+491": [{"MessageId": "1", "Message": "a"}, {"MessageId": "3", "Message": "c"}],
        }
    }

    read = read_texts(json.dumps(messages).encode())

    assert read == [Text("1", "+491", "a"), Text("3", "+491", "c"), Text("2", "+492", "b")]


def test_text_messages_stand_below_the_mails_with_links_to_click() -> None:
    page = inbox_pages.list_page([], [TEXT])

    assert "1 text messages" in page
    assert '<a target="_blank" href="https://acme.example/c/0123456789">' in page
    assert "&lt;STOP&gt;" in page


def test_without_text_messages_nothing_is_said_of_them() -> None:
    assert "text message" not in inbox_pages.list_page([])


def test_programs_read_text_messages_as_json() -> None:
    assert json.loads(inbox_pages.texts_as_json([TEXT])) == [{"message_id": "1", "to": TEXT.number, "text": TEXT.text}]
