from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from email import message_from_string
from email.header import decode_header, make_header
from email.parser import BytesParser
from email.policy import SMTP, default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from afterbill.content.brand import Brand
from afterbill.content.mail.compose import composer
from afterbill.model.billing import Money
from afterbill.model.customer import Customer
from afterbill.model.invitation import Invitation
from afterbill.model.messages import Mail
from tests.factories import DAY, KEYS
from tests.unit.customer_facing import BRAND, CATALOGS

LATE = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
ADA = Customer("c1", address="ada@example.com", name="Ada")
INVITATION = Invitation(
    id="0" * 32,
    fact="test|acme|in_1|payment",
    customer_id="c1",
    touchpoint="payment_succeeded",
    stage="purchase",
    source="shop",
    channel="mail",
    locale="en-GB",
    created_at=LATE,
    occurred_at=LATE,
    due_at=LATE,
    expiry=30 * DAY,
    money=Money(4900, "GBP"),
    products=("Book", "Pen"),
    claimed_at=LATE + DAY,
)


def composed(brand: Brand = BRAND, operator_zone: tzinfo = UTC, **changes: Any) -> Mail:
    compose = composer(
        "https://nps.example/", "survey@muster.example", lambda: KEYS, brand, CATALOGS, zone=operator_zone
    )
    return compose(replace(INVITATION, **changes), ADA)


def test_a_mail_is_addressed_tagged_and_can_be_unsubscribed_from_with_one_click() -> None:
    mail = composed()
    assert (mail.to, mail.sender, mail.reply_to) == (
        "ada@example.com",
        "Muster <survey@muster.example>",
        "erika@muster.example",
    )
    assert mail.tags == {"invitation": "0" * 32}
    assert list(mail.headers) == ["List-Unsubscribe", "List-Unsubscribe-Post"]
    assert mail.headers["List-Unsubscribe"].strip("<>") in mail.text


def test_a_touchpoint_may_write_from_another_desk() -> None:
    own = {"sender_name": "Hilfe, täglich", "sender_address": "help@muster.example", "reply_to": "desk@muster.example"}
    mail = composed(replace(BRAND, touchpoints={"payment_succeeded": own}))
    assert mail.sender.endswith(" <help@muster.example>")
    assert mail.sender.isascii()
    assert mail.reply_to == "desk@muster.example"


LONG_NAMES = {
    "German": "Müller & Söhne, Gesellschaft für außergewöhnlich lange Firmennamen, Zweigniederlassung Österreich mbH",
    "Greek": "Ελληνική Εταιρεία Τηλεπικοινωνιών και Ταχυδρομικών Υπηρεσιών, Ανώνυμη Εταιρεία",
    "Chinese": "北京市朝阳区客户服务中心和技术支持部门及其他相关部门的联合代表处有限责任公司",
    "emoji": "👨\u200d👩\u200d👧\u200d👦 family " * 7 + "🎉" * 20,
    "one late letter": "a" * 70 + "ö",
}


@pytest.mark.parametrize("name", LONG_NAMES.values(), ids=LONG_NAMES)
def test_a_long_name_of_the_sender_is_folded_between_encoded_words_and_read_as_it_was(name: str) -> None:
    for brand in (
        replace(BRAND, sender_name=name),
        replace(BRAND, touchpoints={"payment_succeeded": {"sender_name": name}}),
    ):
        sender = composed(brand).sender
        lines = f"From: {sender}".replace(" ", "\r\n ").replace(":\r\n ", ": ").splitlines()
        read = BytesParser().parsebytes(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))["From"]

        assert str(make_header(decode_header(read))) == f"{name} <survey@muster.example>"
        assert max(len(word) for word in sender.split()) <= 75
        assert max(map(len, lines)) <= 76


@pytest.mark.parametrize("name", [LONG_NAMES["German"], LONG_NAMES["Greek"]], ids=["German", "Greek"])
def test_a_long_name_is_cut_between_its_words_for_readers_that_keep_the_blank(name: str) -> None:
    sender = composed(replace(BRAND, sender_name=name)).sender
    read = message_from_string(f"From: {sender}\n\n", policy=default)["From"].addresses[0].display_name
    assert read.split() == name.split()


def test_a_word_that_is_too_long_is_cut_and_the_others_stay_whole() -> None:
    long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
    sender = composed(replace(BRAND, sender_name=f"Die {long}")).sender
    first, *others = (decode_header(word)[0][0].decode() for word in sender.split()[:-1])
    assert first == "Die "
    assert "".join(others) == long


@pytest.mark.parametrize("name", ["Zoë", 'The "Blåhaj" Shop, Inc.', "Muster, Inc.", "Muster"])
def test_a_short_name_of_the_sender_is_read_as_it_was(name: str) -> None:
    sender = composed(replace(BRAND, sender_name=name)).sender
    assert message_from_string(f"From: {sender}\n\n", policy=SMTP)["From"].addresses[0].display_name == name


def test_the_day_is_the_customers_else_the_operators_else_that_of_utc() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert "22 November 2026 ·" in composed().text
    assert "23 November 2026 ·" in composed(operator_zone=berlin).text
    assert "22 November 2026 ·" in composed(operator_zone=berlin, zone="America/New_York").text


def test_the_plan_comes_before_the_first_product() -> None:
    assert "£49.00 · Book\n" in composed().text
    assert "£49.00 · Pro\n" in composed(segments={"plan": "Pro"}).text
    assert "£49.00\n" in composed(products=()).text


def test_the_second_delivery_is_a_reminder_with_the_same_links() -> None:
    first, second = composed(), composed(reminded_at=INVITATION.due_at)
    assert second.subject.startswith("A reminder:")
    assert second.headers == first.headers


def test_the_words_are_those_of_touchpoint_and_stage() -> None:
    assert composed(touchpoint="support_resolved", stage="support").subject == "How was our help?"


def test_nobody_knows_the_language_and_the_brands_is_spoken() -> None:
    assert composed(locale="").text.startswith("Hello Ada,")


def test_an_operators_own_templates_are_used(tmp_path: Path) -> None:
    (tmp_path / "mail/survey").mkdir(parents=True)
    (tmp_path / "mail/survey/subject.txt").write_text("{{ name }}, please?")
    compose = composer("https://nps.example", "s@muster.example", lambda: KEYS, BRAND, CATALOGS, templates=tmp_path)
    assert compose(INVITATION, ADA).subject == "Ada, please?"


def test_a_template_that_notepad_saved_has_no_mark_of_the_byte_order(tmp_path: Path) -> None:
    (tmp_path / "mail/survey").mkdir(parents=True)
    (tmp_path / "mail/survey/subject.txt").write_text("Hello", encoding="utf-8-sig")
    compose = composer("https://nps.example", "s@muster.example", lambda: KEYS, BRAND, CATALOGS, templates=tmp_path)
    assert compose(INVITATION, ADA).subject == "Hello"
