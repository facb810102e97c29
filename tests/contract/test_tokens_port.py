"""Refresh tokens that count once: renewed by one at a time, stored before they are used, lost by no fault of ours."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.aws.tokens import ApiCredentials, SecretTokens
from afterbill.adapters.dynamodb import keys
from afterbill.intake.connector import Token
from afterbill.model.errors import ConfigurationError, TransientError
from afterbill_cli.memory.keys import MemoryTokens
from tests.contract.conftest import TABLE
from tests.contract.template import table_definition

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRST = Token("first", "buys-second", NOW)
SECOND = Token("second", "buys-third", NOW + timedelta(hours=1))


class SimulatedCrash(BaseException):
    """The process is gone: nothing may catch this."""


class Seller:
    """Sells each token once, as Xero, QuickBooks and FreshBooks do; `meanwhile` happens during the sale."""

    def __init__(self, meanwhile=lambda: None):
        self.meanwhile, self.sold = meanwhile, []

    def __call__(self, old):
        if old.refresh in self.sold:
            return None
        self.sold.append(old.refresh)
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return SECOND


class Dying:
    """A client of a process that dies at its first call of `method`, before or after it, and calls nothing more."""

    def __init__(self, client, method, fault, *, after=False):
        self.client, self.method, self.fault, self.after, self.dead = client, method, fault, after, False

    def __getattr__(self, name):
        def call(**arguments):
            if self.dead:
                raise self.fault
            if name != self.method:
                return getattr(self.client, name)(**arguments)
            self.dead = True
            if self.after:
                getattr(self.client, name)(**arguments)
            raise self.fault

        return call


@dataclass
class Failing:
    """A table that no lock can be released in."""

    dynamodb: Any
    fault: BaseException

    def update_item(self, **parameters):
        if "REMOVE" in parameters["UpdateExpression"]:
            raise self.fault
        return self.dynamodb.update_item(**parameters)


class Lagging:
    """Secrets Manager just after a write: it calls current what was current when this was made."""

    def __init__(self, secretsmanager, arn):
        self.secretsmanager, self.before = secretsmanager, secretsmanager.get_secret_value(SecretId=arn)

    def get_secret_value(self, **wanted):
        return self.secretsmanager.get_secret_value(**wanted) if "VersionId" in wanted else self.before

    def __getattr__(self, name):
        return getattr(self.secretsmanager, name)


class Cloud:
    """The secret and the table, and instances of a function that share them."""

    def __init__(self, aws):
        self.secretsmanager, self.dynamodb = aws("secretsmanager"), aws("dynamodb")
        self.dynamodb.create_table(**table_definition(TABLE))
        self.arn = self.secretsmanager.create_secret(Name="tokens", SecretString="{}")["ARN"]
        self.seconds = 1_795_348_800.0

    def instance(self, secretsmanager=None, dynamodb=None):
        secret = Secret(secretsmanager or self.secretsmanager, self.arn, lambda: self.seconds)
        return SecretTokens(secret, dynamodb or self.dynamodb, TABLE, lambda: self.seconds)

    def stored(self):
        return json.loads(self.secretsmanager.get_secret_value(SecretId=self.arn)["SecretString"])

    def locks(self):
        return self.dynamodb.scan(TableName=TABLE)["Items"]


@pytest.fixture
def cloud(aws):
    cloud = Cloud(aws)
    cloud.instance().keep("shop", FIRST)
    return cloud


@pytest.fixture(params=["memory", "aws"])
def tokens(request):
    return MemoryTokens({"shop": FIRST}) if request.param == "memory" else request.getfixturevalue("cloud").instance()


class TestAnyStore:
    def test_what_is_stored_is_known(self, tokens):
        assert tokens.token("shop") == FIRST

    def test_a_source_without_consent_has_none(self, tokens):
        assert tokens.token("other") is None
        assert tokens.renewed("other", FIRST, Seller()) is None

    def test_the_next_token_is_stored(self, tokens):
        assert tokens.renewed("shop", FIRST, Seller()) == SECOND
        assert tokens.token("shop") == SECOND

    def test_who_comes_late_gets_what_the_first_has_bought(self, tokens):
        seller = Seller()
        tokens.renewed("shop", FIRST, seller)

        assert tokens.renewed("shop", FIRST, seller) == SECOND
        assert seller.sold == ["buys-second"]

    def test_a_refused_token_stays_and_is_told(self, tokens):
        assert tokens.renewed("shop", FIRST, lambda _: None) is None
        assert tokens.token("shop") == FIRST

    def test_when_the_provider_does_not_answer_the_next_try_asks_again(self, tokens):
        def silent(_old):
            raise TransientError("id.example.com")

        with pytest.raises(TransientError, match=r"id\.example\.com"):
            tokens.renewed("shop", FIRST, silent)

        assert tokens.renewed("shop", FIRST, Seller()) == SECOND


class TestSeveralInstances:
    def test_two_at_once_buy_one_token(self, cloud):
        one, other, seller = cloud.instance(), cloud.instance(), Seller()

        def meanwhile():
            with pytest.raises(TransientError, match="somebody else is renewing"):
                other.renewed("shop", FIRST, seller)

        seller.meanwhile = meanwhile

        assert one.renewed("shop", FIRST, seller) == SECOND
        assert other.renewed("shop", FIRST, seller) == SECOND
        assert seller.sold == ["buys-second"]

    def test_the_tokens_of_other_sources_stay(self, cloud):
        one, other = cloud.instance(), cloud.instance()
        one.token("shop")
        other.keep("books", Token("theirs", "buys-more", NOW))

        one.renewed("shop", FIRST, Seller())

        assert cloud.stored().keys() == {"shop", "books"}

    def test_nobody_holds_the_lock_afterwards(self, cloud):
        cloud.instance().renewed("shop", FIRST, Seller())

        assert [lock for lock in cloud.locks() if "holder" in lock] == []

    def test_a_lock_that_ran_out_is_taken_over_and_left_alone_by_who_lost_it(self, cloud):
        slow, fast, seller = cloud.instance(), cloud.instance(), Seller()
        third = Token("third", "buys-fourth", NOW)

        def meanwhile():
            cloud.seconds += 31
            assert fast.renewed("shop", FIRST, lambda _: third) == third
            fast._take("somebody")

        seller.meanwhile = meanwhile

        assert slow.renewed("shop", FIRST, seller) == third
        assert cloud.stored()["shop"]["access_token"] == "third"
        assert [lock["holder"]["S"] for lock in cloud.locks()] == ["somebody"]

    def test_who_is_refused_because_another_was_faster_gets_the_others_token(self, cloud):
        slow, fast = cloud.instance(), cloud.instance()

        def refused(_old):
            cloud.seconds += 31
            fast.renewed("shop", FIRST, Seller())

        assert slow.renewed("shop", FIRST, refused) == SECOND

    def test_a_repeated_call_meets_its_own_lock(self, cloud):
        """The client repeats a call whose answer was lost."""
        instance = cloud.instance()

        assert instance._take("me").held
        assert instance._take("me").held
        assert not instance._take("another").held


class TestAfterAWrite:
    """Secrets Manager does not promise that what was just written is what is read."""

    def test_the_very_version_that_was_written_is_asked_for(self, cloud):
        lagging, seller = Lagging(cloud.secretsmanager, cloud.arn), Seller()
        cloud.instance().renewed("shop", FIRST, seller)

        assert cloud.instance(lagging).renewed("shop", FIRST, seller) == SECOND
        assert seller.sold == ["buys-second"]

    def test_one_that_is_not_there_yet_is_waited_for(self, cloud):
        cloud.instance().renewed("shop", FIRST, Seller())
        instance = cloud.instance()
        missing = {"Error": {"Code": "ResourceNotFoundException"}}
        instance.secret.secretsmanager = Dying(
            cloud.secretsmanager, "get_secret_value", ClientError(missing, "GetSecretValue")
        )

        with pytest.raises(TransientError, match="ResourceNotFoundException"):
            instance.renewed("shop", SECOND, Seller())

    def test_after_minutes_what_is_current_counts(self, cloud):
        cloud.instance().renewed("shop", FIRST, Seller())
        by_hand = {"shop": {"access_token": "by-hand", "refresh_token": "buys-another"}}
        cloud.secretsmanager.put_secret_value(SecretId=cloud.arn, SecretString=json.dumps(by_hand))
        cloud.seconds += 301

        assert cloud.instance().renewed("shop", SECOND, Seller()) == Token("by-hand", "buys-another", None)

    def test_after_a_crash_what_is_current_counts(self, cloud):
        """Nobody told the version: the last one that was told may be older."""
        cloud.instance().renewed("shop", FIRST, Seller())
        third = Token("third", "buys-fourth", NOW)
        with pytest.raises(SimulatedCrash):
            cloud.instance(dynamodb=Failing(cloud.dynamodb, SimulatedCrash())).renewed("shop", SECOND, lambda _: third)
        cloud.seconds += 31

        assert cloud.instance().renewed("shop", SECOND, Seller()) == third

    def test_who_stored_after_losing_the_lock_tells_the_version_too(self, cloud):
        slow, seller = cloud.instance(), Seller()
        lagging = Lagging(cloud.secretsmanager, cloud.arn)

        def meanwhile():
            cloud.seconds += 31
            cloud.instance()._take("somebody")

        seller.meanwhile = meanwhile
        assert slow.renewed("shop", FIRST, seller) == SECOND
        cloud.seconds += 31
        cloud.dynamodb.update_item(TableName=TABLE, Key=keys.lock(), UpdateExpression="REMOVE holder")

        assert cloud.instance(lagging).renewed("shop", FIRST, seller) == SECOND


class TestCrashes:
    def test_before_the_answer_was_stored_the_others_wait_for_the_lock_and_try_the_old_token(self, cloud):
        dying = Dying(cloud.secretsmanager, "put_secret_value", SimulatedCrash())
        with pytest.raises(SimulatedCrash):
            cloud.instance(dying, Failing(cloud.dynamodb, SimulatedCrash())).renewed("shop", FIRST, Seller())
        other = cloud.instance()

        with pytest.raises(TransientError, match="somebody else"):
            other.renewed("shop", FIRST, Seller())
        cloud.seconds += 31
        assert other.renewed("shop", FIRST, Seller()) == SECOND  # a provider with a grace period sells it again

    def test_after_it_was_stored_nothing_is_lost(self, cloud):
        dying = Dying(cloud.secretsmanager, "put_secret_value", SimulatedCrash(), after=True)
        seller = Seller()
        with pytest.raises(SimulatedCrash):
            cloud.instance(dying, Failing(cloud.dynamodb, SimulatedCrash())).renewed("shop", FIRST, seller)
        cloud.seconds += 31

        assert cloud.instance().renewed("shop", FIRST, seller) == SECOND
        assert seller.sold == ["buys-second"]

    def test_a_token_that_could_not_be_stored_is_not_used_but_stored_at_the_next_try(self, cloud):
        instance, seller = cloud.instance(), Seller()
        working = instance.secret.secretsmanager
        instance.secret.secretsmanager = Dying(working, "put_secret_value", TransientError("secrets"))
        with pytest.raises(TransientError, match="secrets"):
            instance.renewed("shop", FIRST, seller)
        instance.secret.secretsmanager = working

        assert instance.renewed("shop", FIRST, seller) == SECOND
        assert cloud.stored()["shop"]["refresh_token"] == "buys-third"
        assert seller.sold == ["buys-second"]

    def test_storing_is_tried_twice(self, cloud):
        instance, working, tries = cloud.instance(), cloud.secretsmanager, []

        class Stumbling:
            get_secret_value = staticmethod(working.get_secret_value)

            def put_secret_value(self, **request):
                tries.append(request)
                if len(tries) == 1:
                    raise TransientError("secrets")
                return working.put_secret_value(**request)

        instance.secret.secretsmanager = Stumbling()

        assert instance.renewed("shop", FIRST, Seller()) == SECOND
        assert cloud.stored()["shop"]["refresh_token"] == "buys-third"

    def test_a_new_consent_counts_more_than_a_token_that_could_not_be_stored(self, cloud):
        instance = cloud.instance()
        working = instance.secret.secretsmanager
        instance.secret.secretsmanager = Dying(working, "put_secret_value", TransientError("secrets"))
        with pytest.raises(TransientError):
            instance.renewed("shop", FIRST, Seller())
        instance.secret.secretsmanager = working
        fresh, third = replace(FIRST, refresh="of-a-new-consent"), Token("third", "buys-fourth", NOW)
        cloud.instance().keep("shop", fresh)

        assert instance.renewed("shop", fresh, lambda _: third) == third

    def test_a_lock_that_cannot_be_released_ends_by_itself(self, cloud):
        failing = Failing(cloud.dynamodb, TransientError("table"))

        assert cloud.instance(dynamodb=failing).renewed("shop", FIRST, Seller()) == SECOND

        cloud.seconds += 31
        assert cloud.instance().renewed("shop", FIRST, Seller()) == SECOND


class TestTheSecrets:
    def test_the_secret_holds_three_texts_for_each_source(self, cloud):
        assert cloud.stored() == {
            "shop": {
                "access_token": "first",
                "refresh_token": "buys-second",
                "expires_at": "2026-11-22T12:00:00+00:00",
            }
        }

    @pytest.mark.parametrize("stored", [{}, [], "text", None, {"access_token": "a"}], ids=str)
    def test_what_is_no_token_is_none(self, cloud, stored):
        cloud.secretsmanager.put_secret_value(SecretId=cloud.arn, SecretString=json.dumps({"shop": stored}))

        assert cloud.instance().token("shop") is None

    def test_a_refresh_token_alone_is_enough(self, cloud):
        only = {"shop": {"refresh_token": "r"}}
        cloud.secretsmanager.put_secret_value(SecretId=cloud.arn, SecretString=json.dumps(only))

        assert cloud.instance().token("shop") == Token("", "r", None)

    def test_a_token_is_shown_nowhere(self):
        assert repr(FIRST) == f"Token(expires_at={NOW!r})"

    def test_credentials_are_texts_without_the_blanks_of_a_clipboard(self, cloud):
        value = {"shop": {"key": " sk_1\n", "other": 7}, "text": "sk_2"}
        cloud.secretsmanager.put_secret_value(SecretId=cloud.arn, SecretString=json.dumps(value))
        credentials = ApiCredentials(cloud.instance().secret)

        assert credentials.of("shop") == {"key": "sk_1"}
        assert (credentials.of("text"), credentials.of("nobody")) == ({}, {})

    def test_a_credential_that_fits_no_header_is_named_and_not_told(self, cloud):
        value = {"shop": {"key": "sk\n_1"}}
        cloud.secretsmanager.put_secret_value(SecretId=cloud.arn, SecretString=json.dumps(value))

        with pytest.raises(ConfigurationError, match=r"secret `apis`: shop\.key must be one line of ASCII") as raised:
            ApiCredentials(cloud.instance().secret).of("shop")

        assert "sk" not in str(raised.value)
