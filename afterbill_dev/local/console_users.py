"""One user of each role for the local console, with a password: nobody reads an invitation there."""

import secrets

import boto3

from afterbill_console.roles import Role
from afterbill_dev.paths import SENDER_DOMAIN


def add(pool: str) -> dict[str, dict[str, str]]:
    """Create them; the address and the password of each, by role."""
    cognito, made = boto3.client("cognito-idp"), {}
    for role in Role:
        email, password = f"{role}@{SENDER_DOMAIN}", f"{role}-{secrets.token_hex(8)}"
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        user = {"UserPoolId": pool, "Username": email}
        cognito.admin_create_user(**user, UserAttributes=attributes, MessageAction="SUPPRESS")
        cognito.admin_set_user_password(**user, Password=password, Permanent=True)
        cognito.admin_add_user_to_group(**user, GroupName=role.value)
        made[role.value] = {"email": email, "password": password}
    return made
