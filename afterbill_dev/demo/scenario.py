"""The steps of the demo: billing, surveys, answers, score."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import boto3

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode
from afterbill.model.invitation import SkipReason
from afterbill_dev.demo import answers, browser, mailbox, scores
from afterbill_dev.demo.billing import Billing, Purchase
from afterbill_dev.demo.mailbox import ReceivedMail
from afterbill_dev.demo.past import Past, together
from afterbill_dev.demo.people import STOPPED, TOUCHPOINT_OF, BillingCase, Person, Reaction
from afterbill_dev.demo.progress import DemoError, say, wait_for

MAILS_SECONDS = 180.0
SETTLED_SECONDS = 90.0
SCORE_SECONDS = 210.0
"""Three runs of the computation: one may come before the last answer, the next may read an index that lags behind."""

Stack = Mapping[str, Any]


def play(stack: Stack, billing: Billing, people: Sequence[Person], past: Past) -> bool:
    """Play every step; True when the product's scores equal the recount, of these people and of the past."""
    purchases = _buy(billing, people)
    _take_back(billing, purchases)
    mails = _receive(stack, people)
    _check_stopped(stack, [one for one in purchases if one.person.case in STOPPED])
    _unsubscribe(stack, billing, purchases, mails)
    _answer(mails, people)
    return _score(mails, people, past)


def _buy(billing: Billing, people: Sequence[Person]) -> list[Purchase]:
    say(f"{len(people)} customers subscribe at localstripe, which plays Stripe and sends its signed webhooks")
    purchases = [billing.subscribe(person) for person in people]
    declined = sum(person.case is BillingCase.DECLINED for person in people)
    say(f"  {len(purchases) - declined} invoices are paid, {declined} payments fail")
    return purchases


def _take_back(billing: Billing, purchases: Iterable[Purchase]) -> None:
    say("before the survey about their payment is due, which stops it:")
    steps = {
        BillingCase.REFUNDED: (billing.refund, "get their money back"),
        BillingCase.DISPUTES: (billing.dispute, "dispute the payment with their bank"),
        BillingCase.CANCELS: (billing.cancel, "cancel"),
    }
    for case, (step, what) in steps.items():
        concerned = [purchase for purchase in purchases if purchase.person.case is case]
        for purchase in concerned:
            step(purchase)
        say(f"  {len(concerned)} customers {what}")


def _receive(stack: Stack, people: Sequence[Person]) -> dict[str, ReceivedMail]:
    """The mail of everybody who is asked; anything but exactly one each is an error."""
    asked = {person.email for person in people if person.case in TOUCHPOINT_OF}
    say("every survey has a schedule of its own and goes out some 20 to 40 seconds after its event")
    inbox = stack["inbox_url"]
    wait_for("surveys in the mailboxes", lambda: len(mailbox.count_by_recipient(inbox)), len(asked), MAILS_SECONDS)
    _check_mails(mailbox.count_by_recipient(inbox), asked)
    return {mail.to: mail for mail in mailbox.received_mails(inbox)}


def _check_mails(count: Mapping[str, int], asked: set[str]) -> None:
    wrong = sorted(address for address in count.keys() | asked if count.get(address, 0) != (address in asked))
    if wrong:
        counts = ", ".join(f"{address}: {count.get(address, 0)}" for address in wrong)
        raise DemoError(f"Exactly one mail per person who is asked was expected; not so for {counts}.")


def _check_stopped(stack: Stack, purchases: Sequence[Purchase]) -> None:
    stopped = [purchase.payment_survey for purchase in purchases]
    _wait_for_reason(stack, stopped, SkipReason.STOPPED, "surveys about what was taken back, closed or held back")


def _unsubscribe(
    stack: Stack, billing: Billing, purchases: Iterable[Purchase], mails: Mapping[str, ReceivedMail]
) -> None:
    for purchase in purchases:
        if purchase.person.reaction is Reaction.UNSUBSCRIBES:
            say(f"{purchase.person.name} presses Unsubscribe in the mail program, and pays another invoice later")
            answers.unsubscribe(mails[purchase.person.email])
            again = billing.bill_again(purchase)
            _wait_for_reason(stack, [again.payment_survey], SkipReason.SUPPRESSED, "surveys refused for that")


def _wait_for_reason(stack: Stack, invitations: Sequence[str], reason: SkipReason, what: str) -> None:
    dynamodb = boto3.client("dynamodb")

    def settled(id_: str) -> bool:
        reply = dynamodb.get_item(TableName=stack["table"], Key=keys.invitation(id_), ConsistentRead=True)
        item = decode(reply.get("Item", {}))
        # An announced end may be taken back, so what it stops is held back and not closed yet.
        waits = (wait.split(" ")[1] for wait in item.get("deferrals", ()))
        return reason in {item.get("reason"), *waits}

    wait_for(f"{what} ({reason})", lambda: sum(map(settled, invitations)), len(invitations), SETTLED_SECONDS)


def _answer(mails: Mapping[str, ReceivedMail], people: Sequence[Person]) -> None:
    by_hand = [person for person in people if person.reaction in {Reaction.BROWSER, Reaction.CHANGES}]
    say(f"{len(by_hand)} people tap a number in their mail; Chromium opens the page, types and sends")
    with browser.chromium() as chromium:
        for person in by_hand:
            browser.answer(chromium, person, mails[person.email])
            say(f"  {person.name} ({person.locale}): {', then '.join(map(str, person.ratings))}")
    by_form = [(person, mails[person.email]) for person in people if person.reaction is Reaction.FORM]
    done = sum(1 for _ in answers.post_forms(by_form))
    silent = sum(person.reaction is Reaction.SILENT and person.email in mails for person in people)
    say(f"{done} people answer by the plain form, {silent} never do")


def _score(mails: Mapping[str, ReceivedMail], people: Sequence[Person], past: Past) -> bool:
    given, before = answers.ratings_of(people), past.ratings()
    own = scores.recount(_sent(mails, people) + past.sent(), together(given, before))
    counted = f"{_number(given)} answers are in, beside {_number(before)} of the last 30 days"
    say(f"{counted}; a schedule computes the scores every minute")
    what = "touchpoints whose score equals the recount"
    with suppress(DemoError):  # the table says more
        wait_for(what, lambda: scores.count_equal(scores.computed(), own), len(own), SCORE_SECONDS)
    product = scores.computed()
    print("\nNet Promoter Score by touchpoint, beside a recount from the answers as they were given:\n")
    print(scores.comparison(product, own), end="\n\n")
    return scores.count_equal(product, own) == len(product.keys() | own.keys())


def _number(given: answers.Ratings) -> int:
    return sum(map(len, given.values()))


def _sent(mails: Mapping[str, ReceivedMail], people: Sequence[Person]) -> Counter[str]:
    return Counter(TOUCHPOINT_OF[person.case] for person in people if person.email in mails)
