"""What the local stack cannot show, and what must never be loosened by accident: table, secrets, mail."""

import json

import pytest

from tests.infra.reading import FUNCTIONS, OfOne, Resource, allowing


class TestTable:
    def test_it_outlives_the_stack_and_can_be_restored(self, template: Resource, properties: OfOne) -> None:
        table = properties("Table")

        assert template["Resources"]["Table"]["DeletionPolicy"] == "Retain"
        assert template["Resources"]["Table"]["UpdateReplacePolicy"] == "Retain"
        assert table["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True

    def test_it_and_every_index_are_capped(self, properties: OfOne) -> None:
        table = properties("Table")
        cap = {"MaxReadRequestUnits": {"Ref": "MaxReadUnits"}, "MaxWriteRequestUnits": {"Ref": "MaxWriteUnits"}}

        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert [part["OnDemandThroughput"] for part in (table, *table["GlobalSecondaryIndexes"])] == [cap] * 4

    def test_expired_items_go_and_changes_are_told_with_both_images(self, properties: OfOne) -> None:
        table = properties("Table")

        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}

    def test_indexes_carry_no_address_and_no_comment(self, properties: OfOne) -> None:
        projected = {
            index["IndexName"]: index["Projection"].get("NonKeyAttributes", [])
            for index in properties("Table")["GlobalSecondaryIndexes"]
        }

        assert set(projected) == {"by_customer", "by_day", "by_answered_day"}
        assert {name for names in projected.values() for name in names} <= {"state", "delivery", "rating", "segments"}


class TestSecrets:
    def test_the_identity_key_outlives_the_stack(self, template: Resource, properties: OfOne) -> None:
        generated = properties("KeysSecret")["GenerateSecretString"]

        assert template["Resources"]["KeysSecret"]["DeletionPolicy"] == "Retain"
        assert json.loads(generated["SecretStringTemplate"]) == {"links": {}}
        assert generated["GenerateStringKey"] == "identity"
        assert generated["PasswordLength"] == 64

    @pytest.mark.parametrize(
        ("secret", "readers"),
        [
            ("SourcesSecret", {"ReceiveWebhook"}),
            ("KeysSecret", {"CaptureEvent", "SendSurvey", "RecordResponse", "HandleMailEvent"}),
        ],
    )
    def test_only_who_needs_a_secret_reads_it(self, properties: OfOne, secret: str, readers: set[str]) -> None:
        reading = {
            name
            for name in FUNCTIONS
            for part in allowing(properties(f"{name}Role"), "secretsmanager:GetSecretValue")
            if part["Resource"] == {"Fn::GetAtt": [secret, "Id"]}
        }

        assert reading == readers


class TestMail:
    def test_only_send_survey_sends_and_only_from_one_address(self, properties: OfOne) -> None:
        senders = {name: allowing(properties(f"{name}Role"), "ses:SendEmail") for name in FUNCTIONS}

        assert [name for name, found in senders.items() if found] == ["SendSurvey"]
        assert senders["SendSurvey"][0]["Condition"] == {"StringEquals": {"ses:FromAddress": {"Ref": "SenderAddress"}}}

    def test_every_fate_of_a_mail_is_told(self, properties: OfOne) -> None:
        destination = properties("MailEventsDestination")["EventDestination"]

        assert set(destination["MatchingEventTypes"]) == {
            "SEND",
            "REJECT",
            "DELIVERY",
            "DELIVERY_DELAY",
            "BOUNCE",
            "COMPLAINT",
            "RENDERING_FAILURE",
        }

    def test_links_are_not_rewritten_for_tracking(self, properties: OfOne) -> None:
        assert "TrackingOptions" not in properties("ConfigurationSet")
        assert not {"OPEN", "CLICK"} & set(
            properties("MailEventsDestination")["EventDestination"]["MatchingEventTypes"]
        )

    def test_only_ses_for_this_account_publishes_to_the_topic(self, properties: OfOne) -> None:
        [publishing] = properties("MailEventsTopicPolicy")["PolicyDocument"]["Statement"]

        assert publishing["Principal"] == {"Service": "ses.amazonaws.com"}
        assert set(publishing["Condition"]["StringEquals"]) == {"aws:SourceAccount", "aws:SourceArn"}

    def test_only_the_topic_writes_to_the_queue(self, properties: OfOne) -> None:
        [sending] = properties("MailEventsQueuePolicy")["PolicyDocument"]["Statement"]

        assert sending["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "MailEventsTopic"}}}
