"""send_survey dies at each of its calls; the message comes again, to the deployed function."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill.adapters.dynamodb.items import day_attributes, encode, utc_day
from tests.e2e.crashes import MOST_CALLS, dies_at
from tests.e2e.town import Town, eventually, invitation_id

IDS = {f"send.{nth}@example.com": invitation_id("order_paid", f"send-{nth}") for nth in range(1, MOST_CALLS)}


def surveys_without_a_timer(town: Town) -> None:
    """Whoever sends them here is the test."""
    for nth, email in enumerate(IDS, start=1):
        town.tell("order_paid", f"send-{nth}", email)
    scheduler, group = town.client("scheduler"), town.stack["outputs"]["ScheduleGroupName"]
    for id_ in IDS.values():
        eventually(lambda id_=id_: scheduler_has(scheduler, group, id_), bool, "its schedule")
        scheduler.delete_schedule(GroupName=group, Name=f"{id_}-g1-d1")


def scheduler_has(scheduler, group: str, id_: str) -> bool:
    return bool(scheduler.list_schedules(GroupName=group, NamePrefix=id_)["Schedules"])


@pytest.mark.after(scene=surveys_without_a_timer)
def test_wherever_send_dies_nobody_gets_two_mails_and_one_claim_is_unknown(town: Town):
    tried = []
    for nth, (email, id_) in enumerate(IDS.items(), start=1):
        message = json.dumps({"invitation_id": id_, "delivery": 1})
        eventually(lambda id_=id_: town.invitation(id_), is_due, "its due moment")
        died = dies_at(town, nth, "send_survey", message)
        tried.append(email)
        if not died:
            break
        town.sqs.send_message(QueueUrl=town.stack["outputs"]["SendQueueUrl"], MessageBody=message)
    eventually(lambda: not_sent(town, tried), lambda left: len(left) <= 1, "all but one to be sent")
    for id_ in not_sent(town, tried):
        age_the_claim(town, id_)
        town.compute()

    states = [town.invitation(IDS[email])["state"] for email in tried]
    mails = [len(town.letters(email)) for email in tried]

    assert not died
    assert len(tried) > 5
    assert sorted(states) == ["sent"] * (len(tried) - 1) + ["unknown"]
    assert mails == [int(state == "sent") for state in states]


def is_due(item: dict) -> bool:
    return bool(item) and datetime.fromisoformat(item["due_at"]) < datetime.now(UTC)


def not_sent(town: Town, emails: list[str]) -> list[str]:
    return [IDS[email] for email in emails if town.invitation(IDS[email])["state"] != "sent"]


def age_the_claim(town: Town, id_: str) -> None:
    """It was ready a moment before, and the sweep looks for it under that moment."""
    long_ago = datetime.now(UTC) - timedelta(minutes=16)
    place = day_attributes(long_ago, utc_day(long_ago))
    town.dynamodb.update_item(
        TableName=town.stack["table"],
        Key=keys.invitation(id_),
        UpdateExpression="SET claimed_at = :then, day_bucket = :day_bucket, day_at = :day_at",
        ExpressionAttributeValues=encode({":then": long_ago.isoformat()} | {f":{k}": v for k, v in place.items()}),
    )
