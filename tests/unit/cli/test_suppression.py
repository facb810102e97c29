"""`afterbill suppression`: lift what was a mistake, with a record of who and why."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.facts import FactsTable
from afterbill.adapters.dynamodb.responses import ResponsesTable
from afterbill.intake.ports import FactWrites
from afterbill.model.addresses import address_hash
from afterbill.model.customer import Suppression
from afterbill.model.errors import AfterbillError
from afterbill.model.links import derive_key
from afterbill.model.short_links import ShortLink
from afterbill_cli import cli, deployed
from afterbill_cli.suppression.commands import LONGEST_REASON, Wish, lift, show
from afterbill_cli.suppression.stored import MOST_LIFTS, SuppressionTable
from tests.contract.people import ID, NOW, customer
from tests.contract.scores_table import TABLE

ADA, NUMBER = "ada@example.com", "+4915123456789"
OBJECTED_AT = NOW - timedelta(days=9)
ME = "arn:aws:sts::123456789012:user/moto"
DAY = timedelta(days=1)


def hashed(spelling):
    return address_hash(spelling, derive_key("x" * 64, "identity"))


class Ses:
    """The suppression list of an SES account, or of text messages: it answers, or fails, always the same."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self.answer = answer

    def get_suppressed_destination(self, EmailAddress: str) -> dict[str, Any]:  # noqa: N803, ARG002  # boto3's
        return self._told()

    def describe_opted_out_numbers(self, OptOutListName: str, OptedOutNumbers: list[str]) -> dict[str, Any]:  # noqa: N803, ARG002
        return self._told()

    def _told(self) -> dict[str, Any]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": ADA}}, "Get")


@pytest.fixture
def on(stack):
    """The stack, whose AWS account keeps nothing on lists of its own."""

    def with_list(answer=None, numbers=None):
        lists = {
            "sesv2": Ses(answer or refusal("NotFoundException")),
            "pinpoint-sms-voice-v2": Ses(numbers or refusal("ResourceNotFoundException")),
        }
        return replace(stack, client=lambda service: lists.get(service) or stack.client(service))

    return with_list


@pytest.fixture
def table(stack):
    return SuppressionTable(stack.client("dynamodb"), TABLE)


@pytest.fixture
def suppress(stack, table):
    """Somebody who holds Ada's address says no, or bounces."""
    responses = ResponsesTable(stack.client("dynamodb"), TABLE)

    def suppressed(reason="unsubscribed", at=OBJECTED_AT, who=None, spelling=ADA):
        responses.suppress(hashed(spelling), Suppression(reason), at, who and table.customer(who))

    return suppressed


@pytest.fixture
def people(stack):
    """Ada is a customer of two sources, Bob of one."""
    ada = customer(address_hash=hashed(ADA), phone=NUMBER)
    bob = customer("bob", address="bob@example.com", address_hash=hashed("bob@example.com"))
    several = (ada, replace(ada, id="customer-2"), bob)
    FactsTable(stack.client("dynamodb"), TABLE).commit(FactWrites(customers=several))
    return several


def lifted(stack, reason="typed for a colleague", spelled=ADA, now=NOW, **chosen):
    return lift(stack, Wish(spelled, reason, **chosen), now, as_json=False)


def item(table):
    return table.read([keys.address(hashed(ADA))])[f"ADDRESS#{hashed(ADA)}"]


# Lifting


@pytest.mark.parametrize("reason", ["bounced", "unsubscribed"])
def test_who_lifts_what_and_why_is_kept_and_the_address_may_be_written_to(on, table, suppress, capsys, reason):
    suppress(reason)

    assert lifted(on()) == 0

    standing = table.standing(hashed(ADA))
    assert (standing.recipient.suppressed, standing.since) == (None, None)
    assert [one.stated() for one in standing.lifts] == [
        {"at": "2026-11-22T13:30:15Z", "by": ME, "why": "typed for a colleague", "was": reason}
    ]
    assert f"Lifted 2026-11-22 13:30 UTC by {ME}, was {reason}: typed for a colleague" in capsys.readouterr().out


def test_every_customer_who_holds_it_is_freed_and_told_of_and_nobody_else(on, table, suppress, people, capsys):
    for who in ("customer-1", "customer-2"):
        suppress(who=who)
    suppress(who="bob", spelling="bob@example.com")

    lifted(on())

    assert "may be asked again: 2." in capsys.readouterr().out
    known = table.customers([one.id for one in people])
    assert {id_: one.suppressed for id_, one in known.items()} == {
        "customer-1": None,
        "customer-2": None,
        "bob": "unsubscribed",
    }
    assert known["customer-1"].version == 3


def test_more_customers_than_one_transaction_takes_are_freed_all(on, stack, table, suppress, capsys):
    facts = FactsTable(stack.client("dynamodb"), TABLE)
    for number in range(130):
        one = customer(f"c{number}", address_hash=hashed(ADA), suppressed=Suppression.UNSUBSCRIBED)
        facts.commit(FactWrites(customers=(one,)))
    suppress()

    lifted(on())

    assert "may be asked again: 130." in capsys.readouterr().out
    assert table.standing(hashed(ADA)).marked == []


def test_a_customer_who_objected_at_an_earlier_address_is_freed_by_the_one_they_hold_now(on, stack, table):
    who = customer(address_hash=hashed(ADA), suppressed=Suppression.UNSUBSCRIBED)
    FactsTable(stack.client("dynamodb"), TABLE).commit(FactWrites(customers=(who,)))

    lifted(on())

    assert table.customer("customer-1").suppressed is None
    assert [one.was for one in table.standing(hashed(ADA)).lifts] == ["unsubscribed"]


def test_a_phone_number_is_lifted_with_the_customer_it_was_written_to(on, table, suppress, people, capsys):
    table.keep(ShortLink("0123456789", ID, NOW + DAY, hashed(NUMBER), people[0].id))
    suppress(spelling=NUMBER, who="customer-1")

    lifted(on(), spelled="+49 1512 3456789")

    assert table.address(hashed(NUMBER)).recipient.suppressed is None
    assert table.customer("customer-1").suppressed is None
    assert "may be asked again: 1." in capsys.readouterr().out


def test_what_was_said_before_stays_lifted_and_what_is_said_later_counts(on, table, suppress, people):
    suppress(who="customer-1")
    lifted(on())

    suppress(at=NOW - DAY, who="customer-1")
    assert (table.address(hashed(ADA)).recipient.suppressed, table.customer(people[0].id).suppressed) == (None, None)

    suppress(at=NOW + DAY, who="customer-1")
    assert table.address(hashed(ADA)).recipient.suppressed == "unsubscribed"
    assert table.customer(people[0].id).suppressed == "unsubscribed"


def test_the_record_goes_with_the_two_years_of_its_lifting_and_an_objection_stays_for_ever(on, table, suppress):
    suppress()
    lifted(on())
    assert item(table)["expires_at"] == {"N": str(int((NOW + 730 * DAY).timestamp()))}

    suppress(at=NOW + DAY)
    assert "expires_at" not in item(table)
    assert len(item(table)["lifts"]["L"]) == 1


def test_the_newest_liftings_are_remembered(on, table, suppress):
    for day in range(MOST_LIFTS + 2):
        suppress(at=NOW + day * DAY)
        lifted(on(), f"mistake {day}", now=NOW + (day + 0.5) * DAY)

    lifts = table.standing(hashed(ADA)).lifts
    assert [one.why for one in lifts] == [f"mistake {day}" for day in range(MOST_LIFTS + 1, 1, -1)]


def test_no_address_is_stored(on, stack, suppress):
    suppress()
    lifted(on(), spelled="Ada@Example.com")

    assert ADA not in json.dumps(stack.client("dynamodb").scan(TableName=TABLE)["Items"]).lower()


# Refusals


def test_a_complaint_is_lifted_only_where_that_is_said(on, table, suppress, people):
    suppress("complained", who="customer-1")

    with pytest.raises(AfterbillError, match=r"as spam since 2026-11-13 13:30 UTC\..*--despite-complaint"):
        lifted(on())
    assert table.address(hashed(ADA)).recipient.suppressed == "complained"

    lifted(on(), despite_complaint=True)
    assert table.standing(hashed(ADA)).lifts[0].was == "complained"
    assert table.customer(people[0].id).suppressed is None


def test_who_complained_stays_so_when_a_bounce_is_lifted_and_needs_a_word_of_its_own(on, stack, table, suppress):
    who = customer(address_hash=hashed(ADA), suppressed=Suppression.COMPLAINED)
    FactsTable(stack.client("dynamodb"), TABLE).commit(FactWrites(customers=(who,)))
    suppress("bounced")

    lifted(on())
    assert table.standing(hashed(ADA)).lifts[0].was == "bounced"
    assert table.customer("customer-1").suppressed == "complained"

    with pytest.raises(AfterbillError, match="--despite-complaint"):
        lifted(on())


def test_who_objected_by_mail_too_stays_so_until_that_is_lifted(on, table, suppress, people):
    """A number is back, or has another owner: that takes back nothing of what its former holder said by mail."""
    table.keep(ShortLink("0123456789", ID, NOW + DAY, hashed(NUMBER), people[0].id))
    suppress(spelling=NUMBER, who="customer-1")
    suppress(who="customer-1")

    lifted(on(), spelled=NUMBER)
    assert table.address(hashed(NUMBER)).recipient.suppressed is None
    assert table.customer("customer-1").suppressed == "unsubscribed"

    with pytest.raises(AfterbillError, match="its customer objected elsewhere, `afterbill suppression show` tells"):
        lifted(on(), spelled=NUMBER)
    lifted(on())
    assert table.customer("customer-1").suppressed is None


def test_where_nothing_is_suppressed_nothing_is_recorded(on, table, people):
    with pytest.raises(AfterbillError, match="nothing is lifted: neither it nor a customer"):
        lifted(on())
    assert table.standing(hashed(ADA)).lifts == []
    assert people


@pytest.mark.parametrize("reason", ["", " \n", "x" * (LONGEST_REASON + 1), "a\x07b"])
def test_a_reason_is_needed_and_short(on, suppress, reason):
    suppress()
    with pytest.raises(AfterbillError, match="--reason takes 1 to 300 characters"):
        lifted(on(), reason)


@pytest.mark.parametrize(
    ("spelled", "reason"),
    [(ADA, f"{ADA} asked for it"), (ADA, "bob@example.com asked"), (NUMBER, "+49 1512 345 6789 rang us")],
)
def test_a_reason_that_names_an_address_is_refused(on, suppress, spelled, reason):
    suppress(spelling=spelled)
    with pytest.raises(AfterbillError, match="name no address and no number"):
        lifted(on(), reason, spelled)


@pytest.mark.parametrize("spelled", ["ada", "", "4915123456789", "+49", "+49151x"])
def test_what_is_no_address_and_no_number_is_refused(on, spelled):
    with pytest.raises(AfterbillError, match="takes a mail address, or a phone number"):
        lifted(on(), spelled=spelled)


def test_nobody_lifts_unnamed(on, table, suppress):
    class Sts:
        def get_caller_identity(self):
            raise refusal("ExpiredToken")

    suppress()
    stack = on()
    with pytest.raises(ClientError):
        lifted(replace(stack, client=lambda service: Sts() if service == "sts" else stack.client(service)))
    assert table.address(hashed(ADA)).recipient.suppressed == "unsubscribed"


@pytest.fixture
def meanwhile(stack, on):
    """The stack, in which something happens between the look at a suppression and its lifting."""

    def happening(what):
        class Sts:
            def get_caller_identity(self):
                what()
                return stack.client("sts").get_caller_identity()

        calm = on()
        return replace(calm, client=lambda service: Sts() if service == "sts" else calm.client(service))

    return happening


def test_a_bounce_that_turned_into_a_complaint_meanwhile_is_looked_at_again(meanwhile, table, suppress):
    suppress("bounced")

    with pytest.raises(AfterbillError, match="it changed meanwhile"):
        lifted(meanwhile(lambda: suppress("complained")))
    assert (table.address(hashed(ADA)).recipient.suppressed, table.standing(hashed(ADA)).lifts) == ("complained", [])


def test_of_two_operators_one_lifts_it(meanwhile, on, table, suppress, people):
    suppress(who="customer-1")

    with pytest.raises(AfterbillError, match="it changed meanwhile"):
        lifted(meanwhile(lambda: lifted(on(), "the first")), "the second")
    assert [one.why for one in table.standing(hashed(ADA)).lifts] == ["the first"]
    assert table.customer(people[0].id).version == 3


# What is told


def shown(stack, capsys, spelled=ADA):
    assert show(stack, spelled, as_json=True) == 0
    return json.loads(capsys.readouterr().out)


def test_what_is_known_of_an_address_is_shown(on, suppress, people, capsys):
    suppress(who="customer-1")

    assert shown(on(), capsys) == {
        "suppressed": "unsubscribed",
        "since": "2026-11-13T13:30:15Z",
        "last_asked_at": None,
        "lifts": [],
        "customers": [
            {"customer": "customer-1", "suppressed": "unsubscribed", "number_suppressed": None},
            {"customer": "customer-2", "suppressed": None, "number_suppressed": None},
        ],
        "aws": {"told": "It is not on the suppression list of the SES account.", "listed": False, "commands": []},
    }
    assert people


def test_people_read_the_same_in_lines(on, suppress, people, capsys):
    suppress("bounced")
    suppress(spelling=NUMBER)
    lifted(on())
    suppress(at=NOW + DAY, who="customer-1")
    capsys.readouterr()

    assert show(on(), ADA, as_json=False) == 0
    assert capsys.readouterr().out.splitlines() == [
        "It is suppressed since 2026-11-23 13:30 UTC: unsubscribed.",
        f"Lifted 2026-11-22 13:30 UTC by {ME}, was bounced: typed for a colleague",
        "Customer customer-1 holds it and is asked by no channel: unsubscribed.",
        "Their number is suppressed too (unsubscribed), until that is lifted itself.",
        "Customer customer-2 holds it.",
        "Their number is suppressed too (unsubscribed), until that is lifted itself.",
        "It is not on the suppression list of the SES account.",
        "A legal basis is another thing: `afterbill explain` tells whether one is known.",
    ]
    assert people


def test_an_address_of_which_nothing_is_known_is_not_suppressed(on, capsys):
    assert shown(on(), capsys)["suppressed"] is None
    show(on(), ADA, as_json=False)
    assert capsys.readouterr().out.startswith("It is not suppressed itself.\n")


def test_the_list_of_ses_is_told_with_the_command_that_removes_the_address(on, capsys):
    listed = {"SuppressedDestination": {"Reason": "COMPLAINT", "LastUpdateTime": datetime(2026, 11, 13, tzinfo=UTC)}}

    assert shown(on(listed), capsys, "Ada@Example.com")["aws"] == {
        "told": "It is also on the suppression list of the SES account (complaint, 2026-11-13), which stays.",
        "listed": True,
        "commands": ["aws sesv2 delete-suppressed-destination --email-address ada@example.com"],
    }


@pytest.mark.parametrize("error", [refusal("AccessDeniedException"), NoCredentialsError()])
def test_who_may_not_read_that_list_is_told_of_it_all_the_same(on, capsys, error):
    told = shown(on(error), capsys)["aws"]

    assert told["told"].startswith("It may also be on the suppression list of the SES account, which could not be read")
    assert (told["listed"], len(told["commands"])) == (None, 1)


def test_the_list_of_numbers_is_told_with_the_commands_of_both_services(on, capsys):
    listed = {"OptedOutNumbers": [{"OptedOutTimestamp": datetime(2026, 11, 13, tzinfo=UTC)}]}

    told = shown(on(numbers=listed), capsys, NUMBER)["aws"]

    assert told["told"] == "It is also on the opt-out list Default of AWS End User Messaging (2026-11-13), which stays."
    assert told["commands"] == [
        f"aws pinpoint-sms-voice-v2 delete-opted-out-number --opt-out-list-name Default --opted-out-number {NUMBER}",
        f"aws sns opt-in-phone-number --phone-number {NUMBER}",
    ]


def test_a_number_whose_holder_has_a_suppressed_address_says_so(on, table, suppress, people, capsys):
    table.keep(ShortLink("0123456789", ID, NOW + DAY, hashed(NUMBER), people[0].id))
    suppress("bounced")

    assert shown(on(), capsys, NUMBER)["customers"] == [
        {"customer": "customer-1", "suppressed": None, "address_suppressed": "bounced"}
    ]


def test_the_command_line_shows_and_lifts(on, suppress, monkeypatch, capsys):
    suppress()
    monkeypatch.setattr(deployed, "connect", lambda _chosen: on())

    assert cli.main(["suppression", "lift", ADA, "--reason", "a mistake", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["freed"], told["suppressed"], told["lifts"][0]["why"]) == (0, None, "a mistake")
    assert cli.main(["suppression", "show", ADA]) == 0
    assert "It is not suppressed itself." in capsys.readouterr().out


def test_a_lifting_on_the_command_line_needs_a_reason(capsys):
    assert cli.main(["suppression", "lift", ADA]) == 2
    assert "--reason" in capsys.readouterr().err
