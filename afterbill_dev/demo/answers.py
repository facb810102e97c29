"""Answers by the plain form, and the list of all ratings that were given."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import urllib3

from afterbill_dev.demo.mailbox import ReceivedMail
from afterbill_dev.demo.people import TOUCHPOINT_OF, Person
from afterbill_dev.demo.progress import DemoError

AT_ONCE = 4
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ONE_CLICK = "List-Unsubscribe=One-Click"

Ratings = dict[str, list[int]]
"""The ratings that count, by touchpoint; the recount uses only these."""


def ratings_of(people: Iterable[Person]) -> Ratings:
    """Return the final ratings of these people by touchpoint."""
    log: Ratings = defaultdict(list)
    for person in people:
        if person.ratings:
            log[TOUCHPOINT_OF[person.case]].append(person.ratings[-1])
    return dict(log)


def post_forms(people: Iterable[tuple[Person, ReceivedMail]]) -> Iterator[Person]:
    """Each answers by the form of the page; gives everybody whose answer was accepted."""
    http = urllib3.PoolManager(maxsize=AT_ONCE, timeout=urllib3.Timeout(60), retries=False)
    with http, ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(lambda answer: _post_form(http, *answer), people)


def _post_form(http: urllib3.PoolManager, person: Person, mail: ReceivedMail) -> Person:
    fields = {"rating": str(person.ratings[-1]), "comment": person.comment}
    answer = http.request("POST", mail.answer_url, fields=fields, encode_multipart=False)
    if answer.status != HTTPStatus.OK:
        raise DemoError(f"The answer of {person.name} was refused with {answer.status}: {answer.data.decode()[:500]}")
    return person


def unsubscribe(mail: ReceivedMail) -> None:
    """Unsubscribe as a mail program does with its own button (RFC 8058)."""
    answer = urllib3.request("POST", mail.unsubscribe_url, body=ONE_CLICK, headers=FORM, timeout=60, retries=False)
    if answer.status != HTTPStatus.OK:
        raise DemoError(f"Unsubscribing was refused with {answer.status}: {answer.data.decode()[:500]}")
