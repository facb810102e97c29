"""The demo's cast in small: localstripe bills, the stack asks, people answer by form and in a browser."""

from collections import Counter
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from afterbill_dev.demo import answers, browser, mailbox
from afterbill_dev.demo.billing import Billing, Purchase
from afterbill_dev.demo.people import STOPPED, TOUCHPOINT_OF, BillingCase, Person, Reaction, everybody
from tests.e2e.town import RUN, Town, eventually

NAMES = {"Daniel Evans", "Greta Hansen", "Gustav Hahn", "Olga Peters", "Theo Ulrich", "Yara Collins", "Emil Fischer"}
PEOPLE = [replace(person, name=f"{person.name} {RUN}") for person in everybody() if person.name in NAMES]
PURCHASES: list[Purchase] = []
BILLED_AGAIN: list[Purchase] = []


def a_small_town_pays(town: Town) -> None:
    billing = Billing(f"{town.stack['api_url']}/webhooks/stripe", town.stack["sources"]["stripe"]["secret"])
    steps = {
        BillingCase.REFUNDED: billing.refund,
        BillingCase.DISPUTES: billing.dispute,
        BillingCase.CANCELS: billing.cancel,
    }
    try:
        billing.start()
        PURCHASES.extend(map(billing.subscribe, PEOPLE))
        for purchase in PURCHASES:
            steps.get(purchase.person.case, lambda _: None)(purchase)
        BILLED_AGAIN.extend(
            billing.bill_again(one) for one in PURCHASES if one.person.reaction is Reaction.UNSUBSCRIBES
        )
        surveys = [
            one.payment_survey for one in (*PURCHASES, *BILLED_AGAIN) if one.person.case is not BillingCase.DECLINED
        ]
        eventually(lambda: list(map(town.invitation, surveys)), all, "localstripe's webhooks to be captured")
    finally:
        billing.stop()


@pytest.mark.after(scene=a_small_town_pays)
def test_everybody_gets_the_mails_of_their_story(town: Town):
    expected = Counter(person.email for person in PEOPLE if person.case in TOUCHPOINT_OF)
    expected.update(purchase.person.email for purchase in BILLED_AGAIN)
    everybody = Counter({person.email: 99 for person in PEOPLE})

    def arrived() -> Counter[str]:
        return mailbox.count_by_recipient(town.stack["inbox_url"]) & everybody

    assert eventually(arrived, lambda count: count >= expected, f"{expected}") == expected


@pytest.mark.after(scene=a_small_town_pays)
def test_payments_that_were_taken_back_are_never_asked_about(town: Town):
    stopped = [one for one in PURCHASES if one.person.case in STOPPED]

    assert [town.stopped(one.payment_survey) for one in stopped] == [True] * 3


@pytest.mark.after(scene=a_small_town_pays)
def test_people_answer_by_form(town: Town):
    answering = [(one, letter_to(town, one)) for one in PEOPLE if one.reaction is Reaction.FORM]

    done = list(answers.post_forms(answering))

    note(town, answering)
    assert done == [person for person, _ in answering]


@pytest.mark.after(scene=a_small_town_pays)
def test_people_answer_in_a_browser_and_think_again(town: Town, chromium: Browser):
    answering = [(one, letter_to(town, one)) for one in PEOPLE if one.reaction is Reaction.CHANGES]

    for person, mail in answering:
        browser.answer(chromium, person, mail)

    note(town, answering)
    pages = [town.http.request("GET", mail.answer_url).data.decode() for _, mail in answering]
    assert ['value="9" required checked' in page for page in pages] == [True]


def note(town: Town, answering: list[tuple[Person, mailbox.ReceivedMail]]) -> None:
    town.given |= {mail.answer_url: person.ratings[-1] for person, mail in answering}


def letter_to(town: Town, person: Person) -> mailbox.ReceivedMail:
    found = eventually(
        lambda: mailbox.received_mails(town.stack["inbox_url"]), lambda all_: has(all_, person), person.email
    )
    return next(mail for mail in found if mail.to == person.email)


def has(mails: list[mailbox.ReceivedMail], person: Person) -> bool:
    return any(mail.to == person.email for mail in mails)
