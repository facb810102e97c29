import pytest
from botocore.exceptions import ClientError

from tests.e2e.town import Town


def test_a_function_may_do_what_its_role_says_and_nothing_else(town: Town):
    name = town.stack["outputs"]["ReceiveWebhookFunctionName"]
    role = town.client("lambda").get_function_configuration(FunctionName=name)["Role"]
    given = town.client("sts").assume_role(RoleArn=role, RoleSessionName="a-test")["Credentials"]
    credentials = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }

    secret = town.client("secretsmanager", **credentials).get_secret_value(
        SecretId=town.stack["outputs"]["SourcesSecretArn"]
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        town.client("dynamodb", **credentials).get_item(
            TableName=town.stack["table"], Key={"pk": {"S": "STATE"}, "sk": {"S": "sweep"}}
        )

    assert "stripe" in secret["SecretString"]
