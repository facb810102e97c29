"""The local stack as its neighbours see it: billing systems send, people read and answer, operators look."""

import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import boto3
import standardwebhooks
import stripe
import urllib3

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import decode
from afterbill.model.billing import fact_key
from afterbill_dev.demo import mailbox
from afterbill_dev.demo.mailbox import ReceivedMail

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "events" / "webhooks" / "stripe"
STRIPE_ID = re.compile(r"\b(?:ch|cs|cus|du|evt|il|in|inpay|pi|pm|si|sub|txn)_\w+")
ADDRESS = re.compile(r"[\w.]+@example\.com", re.IGNORECASE)
Seen = TypeVar("Seen")
RUN = secrets.token_hex(3)
"""Part of every id and address, so that a stack can be used for several runs."""


class Town:
    """Everybody outside afterbill.

    `given` is what people answered, by the address of their page; `answers` what billing systems got to hear.
    """

    def __init__(self, stack: Mapping[str, Any]) -> None:
        self.stack = stack
        self.given: dict[str, int] = {}
        self.answers: dict[str, int] = {}
        self.http = urllib3.PoolManager(maxsize=8, timeout=urllib3.Timeout(60), retries=False)
        environment = stack["environment"]
        self.aws = boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=stack["region"],
        )
        self.dynamodb, self.sqs = self.client("dynamodb"), self.client("sqs")

    def client(self, service: Any, **credentials: str) -> Any:
        return self.aws.client(service, endpoint_url=self.stack["ministack_url"], **credentials)

    # Billing systems

    def tell(self, kind: str, subject: str, email: str | None, **more: Any) -> None:
        """A neutral event, signed by the reference library of Standard Webhooks."""
        status, answer = self.post("standard_webhooks", neutral(kind, subject, email, **more))
        assert (status, answer) == (202, {"accepted": 1})

    def tell_as_stripe(self, kind: str, suffix: str, email: str) -> None:
        """One of our sample events, about somebody of its own."""
        status, answer = self.post("stripe", stripe_event(kind, suffix, email))
        assert (status, answer) == (202, {"accepted": 1})

    def post(self, source: str, body: str) -> tuple[int, Any]:
        headers = self.signed(source, body)
        url = f"{self.stack['api_url']}/webhooks/{source}"
        answer = self.http.request("POST", url, body=body.encode(), headers=headers)
        return answer.status, answer.json()

    def signed(self, source: str, body: str) -> dict[str, str]:
        secret = self.stack["sources"][source]["secret"]
        headers = {"Content-Type": "application/json"}
        if source == "stripe":
            now = int(time.time())
            signature = stripe.WebhookSignature._compute_signature(f"{now}.{body}", secret)
            return headers | {"Stripe-Signature": f"t={now},v1={signature}"}
        message_id, now_at = f"msg_{sha256(body.encode()).hexdigest()[:20]}", datetime.now(UTC)
        return headers | {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now_at.timestamp())),
            "webhook-signature": standardwebhooks.Webhook(secret).sign(message_id, now_at, body),
        }

    # People

    def letters(self, email: str) -> list[ReceivedMail]:
        return [mail for mail in mailbox.received_mails(self.stack["inbox_url"]) if mail.to == own(email)]

    def mail(self, email: str, seconds: float = 120) -> ReceivedMail:
        """The only mail to this person, once it is there."""
        found = eventually(lambda: self.letters(email), bool, f"a mail to {email}", seconds)
        assert len(found) == 1
        return found[0]

    def texts(self, number: str) -> list[str]:
        return mailbox.texts(self.stack["inbox_url"], number)

    def text(self, number: str, seconds: float = 120) -> str:
        """The newest text message to this number, once one is there."""
        return eventually(lambda: self.texts(number), bool, f"a text message to {number}", seconds)[-1]

    def answer(self, mail: ReceivedMail, rating: int, comment: str = "") -> str:
        fields = {"rating": str(rating), "comment": comment}
        answer = self.http.request("POST", mail.answer_url, fields=fields, encode_multipart=False)
        assert answer.status == 200
        self.given[mail.answer_url] = rating
        return answer.data.decode()

    # Operators

    def invitation(self, id_: str) -> dict[str, Any]:
        """The item of an invitation, empty as long as there is none."""
        found = self.dynamodb.get_item(TableName=self.stack["table"], Key=keys.invitation(id_), ConsistentRead=True)
        return decode(found.get("Item", {}))

    def closed(self, id_: str) -> str:
        """Why an invitation was closed, once it is."""
        item = eventually(lambda: self.invitation(id_), lambda one: one.get("state") == "closed", f"{id_} to close")
        return str(item["reason"])

    def stopped(self, id_: str) -> bool:
        """True once an invitation is closed for what took it back, or held back while that may be taken back itself."""

        def stops(item: dict[str, Any]) -> bool:
            return item.get("reason") == "stopped" or any(" stopped " in wait for wait in item.get("deferrals", ()))

        return bool(eventually(lambda: self.invitation(id_), stops, f"{id_} to be stopped"))

    def compute(self) -> None:
        """Run what the clock runs, each in its turn."""
        for step in ("SweepInvitations", "ReviewClicks", "ComputeNps", "WatchReputation", "HandlePrivacyRequests"):
            name = self.stack["outputs"][f"{step}FunctionName"]
            answer = self.client("lambda").invoke(FunctionName=name, Payload=b"{}")
            assert "FunctionError" not in answer, (step, answer["Payload"].read())


def neutral(kind: str, subject: str, email: str | None, **more: Any) -> str:
    """An event about the subject; ids and address are made this run's own."""
    customer = {"id": subject, **more.pop("customer", {})}
    customer |= {"id": f"{customer['id']}-{RUN}", **({"email": own(email)} if email else {})}
    related = [f"{one}-{RUN}" for one in more.pop("related", ())]
    data = {"id": f"{subject}-{RUN}", "customer": customer, "related": related, **more}
    return json.dumps({"type": kind, "timestamp": datetime.now(UTC).isoformat(timespec="seconds"), "data": data})


def own(email: str) -> str:
    """The address in this run's part of the domain."""
    mailbox_name, _, domain = email.partition("@")
    return f"{mailbox_name}@{RUN}.{domain}"


def stripe_event(kind: str, suffix: str, email: str) -> str:
    """A sample in which every object has an id of its own."""
    text = (SAMPLES / f"{kind}.json").read_text()
    renamed = STRIPE_ID.sub(lambda found: f"{found[0]}{suffix}{RUN}", ADDRESS.sub(own(email), text))
    return json.dumps({**json.loads(renamed), "created": int(time.time())})


def invitation_id(kind: str, subject: str) -> str:
    fact = fact_key("standard_webhooks", "standard_webhooks", f"{subject}-{RUN}", kind)
    return sha256(fact.encode()).hexdigest()[:32]


def eventually(
    look: Callable[[], Seen], holds: Callable[[Seen], object], what: str, seconds: float = 120, every: float = 0.25
) -> Seen:
    """Return the value of `look` once it holds; fails saying what was awaited and what was seen last.

    Whoever looks with a program of its own does so less often: its start takes longer than many tests.
    """
    deadline = time.monotonic() + seconds
    while not holds(seen := look()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}; last seen: {seen!r:.500}"
        time.sleep(every)
    return seen


def at_once(tasks: int, work: Callable[[Any], Seen], items: list[Any]) -> list[Seen]:
    """Several at the same time, results in the order of `items`."""
    with ThreadPoolExecutor(tasks) as pool:
        return list(pool.map(work, items))
