"""What the local stack cannot show, and what must never be loosened by accident: table, secrets, mail."""

import pytest

from afterbill.adapters.dynamodb import keys
from afterbill_actions.operator_sender import LABEL
from tests.infra.reading import FUNCTIONS, OfOne, Resource, allowing, grants, statements
from tests.integration.resolving import Resolver


class TestTable:
    @pytest.mark.parametrize("name", ["Table", "LedgerTable"])
    def test_it_outlives_the_stack_and_can_be_restored(self, template: Resource, properties: OfOne, name: str) -> None:
        table = properties(name)

        assert template["Resources"][name]["DeletionPolicy"] == "Retain"
        assert template["Resources"][name]["UpdateReplacePolicy"] == "Retain"
        assert table["DeletionProtectionEnabled"] == {"Ref": "DeletionProtection"}
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True

    def test_it_and_every_index_are_capped(self, properties: OfOne) -> None:
        table = properties("Table")
        cap = {"MaxReadRequestUnits": {"Ref": "MaxReadUnits"}, "MaxWriteRequestUnits": {"Ref": "MaxWriteUnits"}}

        assert table["BillingMode"] == "PAY_PER_REQUEST"
        assert [part["OnDemandThroughput"] for part in (table, *table["GlobalSecondaryIndexes"])] == [cap] * 5

    def test_expired_items_go_and_changes_are_told_with_both_images(self, properties: OfOne) -> None:
        table = properties("Table")

        assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}

    def test_the_ledger_forgets_expired_acts_and_tells_nobody_of_changes(self, properties: OfOne) -> None:
        ledger = properties("LedgerTable")

        assert ledger["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
        assert "StreamSpecification" not in ledger

    def test_capture_event_deletes_nothing(self, properties: OfOne) -> None:
        assert "DeleteItem" not in reach(properties("CaptureEventRole"))

    def test_run_campaigns_reaches_groups_of_customers_and_its_own_progress_only(self, properties: OfOne) -> None:
        [reading] = allowing(properties("RunCampaignsRole"), "dynamodb:Query")
        progress = partition(keys.campaign("loyal"))

        assert reading["Resource"] == {"Fn::Sub": f"${{Table.Arn}}/index/{keys.BY_DAY}"}
        assert reach(properties("RunCampaignsRole")) == {"GetItem": progress, "PutItem": progress, "Query": ["SLOT#*"]}
        assert keys.slot_bucket(7) == "SLOT#7"

    def test_collect_response_puts_answers_and_reads_keys_customers_and_holders_only(self, properties: OfOne) -> None:
        assert reach(properties("CollectResponseRole")) == {
            "GetItem": partition(keys.api_key("1")),
            "PutItem": ["INVITATION#*"],
            "BatchGetItem": ["ALIAS#*", "CUSTOMER#*", "ERASED#*"],
            "Query": ["ADDRESS#*"],
        }
        assert keys.holders("5e1f") == "ADDRESS#5e1f"

    def test_the_page_that_anybody_may_open_reaches_surveys_customers_and_addresses_only(
        self, properties: OfOne
    ) -> None:
        assert reach(properties("RecordResponseRole")) == {
            "BatchGetItem": ["CUSTOMER#*"],
            "GetItem": ["INVITATION#*"],
            "UpdateItem": ["ADDRESS#*", "CUSTOMER#*", "INVITATION#*"],
        }

    def test_indexes_carry_no_address_and_no_comment(self, properties: OfOne) -> None:
        projected = {
            index["IndexName"]: index["Projection"].get("NonKeyAttributes", [])
            for index in properties("Table")["GlobalSecondaryIndexes"]
        }

        assert set(projected) == {"by_customer", "by_day", "by_answered_day", "by_fact_hour"}
        assert projected["by_fact_hour"] == []
        counted = {"adverse", "rating", "segments", "sent_day", "answer_reason", "unconfirmed"}
        allowed = {*counted, "event_id", "reason"}
        assert {name for names in projected.values() for name in names} <= allowed


def reach(role: Resource) -> dict[str, list[str]]:
    """The patterns of partition keys that a role reaches, by action."""
    return {
        action.removeprefix("dynamodb:"): statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
        for statement in statements(role)
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if action.startswith("dynamodb:")
    }


def partition(key: "keys.Key") -> list[str]:
    return list(key["pk"].values())


class TestSecrets:
    def test_the_identity_key_outlives_the_stack_but_no_failed_first_deployment(self, template: Resource) -> None:
        assert template["Resources"]["KeysSecret"]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert template["Resources"]["KeysSecret"]["UpdateReplacePolicy"] == "Retain"

    def test_no_deployment_ever_makes_another_identity_key(self, properties: OfOne) -> None:
        """Never change these lines: CloudFormation makes a new value when any of them changes, and the old is lost."""
        assert properties("KeysSecret")["GenerateSecretString"] == {
            "SecretStringTemplate": '{"links": {}}',
            "GenerateStringKey": "identity",
            "PasswordLength": 64,
            "ExcludePunctuation": True,
        }

    @pytest.mark.parametrize(
        ("secret", "readers"),
        [
            ("SourcesSecret", {"ReceiveWebhook"}),
            ("ApisSecret", {"CaptureEvent", "PollBilling"}),
            ("TokensSecret", {"CaptureEvent"}),
            (
                "KeysSecret",
                {
                    "CaptureEvent",
                    "SendSurvey",
                    "RecordResponse",
                    "CollectResponse",
                    "OfferSurvey",
                    "HandleMailEvent",
                    "HandleSmsEvent",
                    "FollowLink",
                    "RequestPrivacy",
                    "HandlePrivacyRequests",
                    "ShowConsole",
                },
            ),
        ],
    )
    def test_only_who_needs_a_secret_reads_it(self, properties: OfOne, secret: str, readers: set[str]) -> None:
        assert who_may(properties, "secretsmanager:GetSecretValue", secret) == readers

    def test_only_renewed_tokens_are_written_and_by_capture_event_alone(self, properties: OfOne) -> None:
        writing = {
            secret: who_may(properties, "secretsmanager:PutSecretValue", secret)
            for secret in ("SourcesSecret", "ApisSecret", "TokensSecret", "KeysSecret")
        }

        assert {secret: names for secret, names in writing.items() if names} == {"TokensSecret": {"CaptureEvent"}}

    @pytest.mark.parametrize("secret", ["SourcesSecret", "ApisSecret", "TokensSecret"])
    def test_what_operators_fill_starts_empty_and_goes_with_the_stack(
        self, template: Resource, properties: OfOne, secret: str
    ) -> None:
        """A later deployment writes a secret again when this text changes, and what was in it is lost."""
        assert properties(secret)["SecretString"] == "{}"
        assert "GenerateSecretString" not in properties(secret)
        assert template["Resources"][secret]["DeletionPolicy"] == "Delete"


def who_may(properties: OfOne, action: str, secret: str) -> set[str]:
    place = {"Fn::GetAtt": [secret, "Id"]}
    granted = {name: [part["Resource"] for part in allowing(properties(f"{name}Role"), action)] for name in FUNCTIONS}
    return {name for name, found in granted.items() if any(one == place or place in list(one) for one in found)}


class TestEvidence:
    def test_it_is_kept_only_where_an_operator_says_for_how_long(self, template: Resource) -> None:
        kept = [name for name in template["Resources"] if "Evidence" in name]

        assert template["Parameters"]["EvidenceDays"]["Default"] == 0
        assert template["Conditions"]["HasEvidence"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "EvidenceDays"}, "0"]}]}
        policies = ["CaptureEventEvidencePolicy", "HandlePrivacyRequestsEvidencePolicy"]
        assert kept == ["EvidenceBucket", "EvidenceBucketPolicy", *policies]
        assert {template["Resources"][name]["Condition"] for name in kept} == {"HasEvidence"}
        assert template["Outputs"]["EvidenceBucketName"]["Condition"] == "HasEvidence"

    def test_it_outlives_the_stack_and_not_its_days(self, template: Resource, properties: OfOne) -> None:
        [rule] = properties("EvidenceBucket")["LifecycleConfiguration"]["Rules"]

        for name in ("EvidenceBucket", "EvidenceBucketPolicy"):
            assert template["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"
            assert template["Resources"][name]["UpdateReplacePolicy"] == "Retain"
        assert rule == {"Id": "expire", "Status": "Enabled", "ExpirationInDays": {"Ref": "EvidenceDays"}}
        assert "VersioningConfiguration" not in properties("EvidenceBucket")

    def test_it_is_encrypted_and_nobody_elses(self, properties: OfOne) -> None:
        bucket = properties("EvidenceBucket")
        [encryption] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        blocked = bucket["PublicAccessBlockConfiguration"]

        assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        assert (len(blocked), set(blocked.values())) == (4, {True})
        assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}

    def test_it_is_reached_encrypted_only(self, properties: OfOne) -> None:
        [refusal] = properties("EvidenceBucketPolicy")["PolicyDocument"]["Statement"]

        assert (refusal["Effect"], refusal["Action"], refusal["Principal"]) == ("Deny", "s3:*", "*")
        assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert refusal["Resource"] == [
            {"Fn::GetAtt": ["EvidenceBucket", "Arn"]},
            {"Fn::Sub": "${EvidenceBucket.Arn}/*"},
        ]

    def test_copies_are_written_and_deleted_and_nobody_reads_them(self, template: Resource, properties: OfOne) -> None:
        granted = {
            name: [part for part in grants(template, name) if "EvidenceBucket" in str(part["Resource"])]
            for name in FUNCTIONS
        }
        copies = {"Effect": "Allow", "Resource": {"Fn::Sub": "${EvidenceBucket.Arn}/*"}}

        assert {name: found for name, found in granted.items() if found} == {
            "CaptureEvent": [copies | {"Action": ["s3:PutObject", "s3:DeleteObject"]}],
            "HandlePrivacyRequests": [copies | {"Action": "s3:DeleteObject"}],
        }
        assert properties("CaptureEventFunction")["Environment"]["Variables"]["EVIDENCE_BUCKET"] == {
            "Fn::If": ["HasEvidence", {"Ref": "EvidenceBucket"}, ""]
        }


class TestMail:
    def test_surveys_and_mails_to_operators_come_from_one_domain_and_from_two_senders(self, properties: OfOne) -> None:
        """What bounces of an operator's mail must not look like a survey of the stack."""
        found = {name: allowing(properties(f"{name}Role"), "ses:SendEmail") for name in FUNCTIONS}
        senders = {name: [one["Condition"] for one in granted] for name, granted in found.items() if granted}

        domain = {"Fn::Select": [1, {"Fn::Split": ["@", {"Ref": "SenderAddress"}]}]}
        assert senders == {
            name: [{"StringLike": {"ses:FromAddress": {"Fn::Sub": [pattern, {"Domain": domain}]}}}]
            for name, pattern in (
                ("SendSurvey", "*@${Domain}"),
                ("NotifyOperators", f"*{LABEL}@${{Domain}}"),
                ("RunActions", f"*{LABEL}@${{Domain}}"),
            )
        }

    def test_every_fate_of_a_mail_is_told(self, properties: OfOne) -> None:
        destination = properties("MailEventsDestination")["EventDestination"]

        assert set(destination["MatchingEventTypes"]) == {
            "send",
            "reject",
            "delivery",
            "deliveryDelay",
            "bounce",
            "complaint",
            "renderingFailure",
        }

    def test_links_are_not_rewritten_for_tracking(self, properties: OfOne) -> None:
        assert "TrackingOptions" not in properties("ConfigurationSet")
        assert not {"open", "click"} & set(
            properties("MailEventsDestination")["EventDestination"]["MatchingEventTypes"]
        )

    def test_only_ses_for_this_account_publishes_to_the_topic(self, properties: OfOne) -> None:
        [publishing, _] = properties("MailEventsTopicPolicy")["PolicyDocument"]["Statement"]

        assert publishing["Principal"] == {"Service": "ses.amazonaws.com"}
        assert set(publishing["Condition"]["StringEquals"]) == {"aws:SourceAccount", "aws:SourceArn"}

    def test_only_the_topic_writes_to_the_queue(self, properties: OfOne) -> None:
        [sending, _] = properties("MailEventsQueuePolicy")["PolicyDocument"]["Statement"]

        assert sending["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": "MailEventsTopic"}}}

    def test_mails_come_from_the_senders_domain_whatever_identity_ses_picks(self, template: Resource) -> None:
        """In the sandbox SES also asks about the recipient's identity, and prefers an address to its domain."""
        [sending] = [one for one in grants(template, "SendSurvey") if one["Action"] == "ses:SendEmail"]

        assert [place["Fn::Sub"].rpartition(":")[2] for place in sending["Resource"]] == [
            "identity/*",
            "configuration-set/${ConfigurationSet}",
        ]
        sender = sending["Condition"]["StringLike"]["ses:FromAddress"]
        assert Resolver({"SenderAddress": "survey@example.com"}, {}).resolve(sender) == "*@example.com"


class TestTextMessages:
    def test_end_user_messaging_may_send_from_one_origin_and_nowhere_else(self, template: Resource) -> None:
        policy = template["Resources"]["SendSurveyEndUserMessagingPolicy"]

        (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
        assert policy["Condition"] == "UsesEndUserMessaging"
        assert statement["Action"] == "sms-voice:SendTextMessage"
        assert statement["Resource"] == {
            "Fn::Sub": "arn:${AWS::Partition}:sms-voice:${AWS::Region}:${AWS::AccountId}:${SmsOrigination}"
        }

    def test_sns_may_write_to_phones_and_to_no_topic(self, template: Resource) -> None:
        policy = template["Resources"]["SendSurveySnsPolicy"]

        phones, topics = policy["Properties"]["PolicyDocument"]["Statement"]
        assert policy["Condition"] == "UsesSnsForSms"
        assert (phones["Effect"], phones["Resource"]) == ("Allow", "*")
        assert (topics["Effect"], topics["Action"]) == ("Deny", "sns:Publish")
        assert topics["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:sns:*:*:*"}

    def test_the_topic_may_be_written_to_before_it_is_named(self, template: Resource) -> None:
        assert template["Resources"]["SmsConfigurationSet"]["DependsOn"] == "SmsEventsTopicPolicy"

    def test_every_event_of_a_text_message_reaches_the_queue(self, properties: OfOne) -> None:
        (destination,) = properties("SmsConfigurationSet")["EventDestinations"]

        assert destination["MatchingEventTypes"] == ["TEXT_ALL"]
        assert destination["SnsDestination"] == {"TopicArn": {"Ref": "SmsEventsTopic"}}
        assert properties("SmsEventsSubscription")["Endpoint"] == {"Fn::GetAtt": ["SmsEvents", "Arn"]}
