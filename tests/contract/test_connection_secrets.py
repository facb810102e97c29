"""Secrets of connections, over moto."""

import json

import pytest
from moto import mock_aws

from afterbill.adapters.aws.clients import client
from afterbill.adapters.aws.secrets import Secret
from afterbill.model.errors import TransientError
from afterbill_actions.adapters.secrets import FRESH_SECONDS, ConnectionSecrets
from tests.servers import Clock


@pytest.fixture
def manager(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        yield client("secretsmanager")


def stored(manager, value):
    return manager.create_secret(Name="connections", SecretString=json.dumps(value))["ARN"]


def test_the_fields_of_a_connection_come_back(manager):
    secrets = ConnectionSecrets(Secret(manager, stored(manager, {"shop": {"token": "shpat_1", "empty": "", "n": 1}})))

    assert secrets.of("shop") == {"token": "shpat_1"}


@pytest.mark.parametrize("value", [{}, {"shop": "shpat_1"}, {"other": {"token": "x"}}])
def test_a_connection_without_any_has_none(manager, value):
    assert ConnectionSecrets(Secret(manager, stored(manager, value))).of("shop") == {}


def test_what_is_stored_anew_counts_after_some_seconds(manager):
    arn, clock = stored(manager, {"shop": {"token": "old"}}), Clock()
    secrets = ConnectionSecrets(Secret(manager, arn), clock)
    assert secrets.of("shop") == {"token": "old"}

    manager.put_secret_value(SecretId=arn, SecretString=json.dumps({"shop": {"token": "new"}}))

    assert secrets.of("shop") == {"token": "old"}
    clock.now += FRESH_SECONDS + 1
    assert secrets.of("shop") == {"token": "new"}


class Absent:
    """Secrets Manager, which does not answer any more."""

    def get_secret_value(self, **_):
        raise TransientError("reading a secret: it is away")


def test_in_an_outage_the_last_value_serves_on(manager):
    secret, clock = Secret(manager, stored(manager, {"shop": {"token": "x"}})), Clock()
    secrets = ConnectionSecrets(secret, clock)
    assert secrets.of("shop") == {"token": "x"}

    secret.secretsmanager = Absent()
    clock.now += FRESH_SECONDS + 1

    assert secrets.of("shop") == {"token": "x"}


def test_without_any_value_the_same_may_succeed_later():
    with pytest.raises(TransientError):
        ConnectionSecrets(Secret(Absent(), "arn")).of("shop")
