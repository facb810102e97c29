"""Users of the console in the user pool, and what the table holds of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code
from afterbill.adapters.dynamodb.batches import query, write_batches
from afterbill.adapters.dynamodb.items import encode
from afterbill.adapters.dynamodb.keys import PK, SK
from afterbill.model.errors import AfterbillError
from afterbill_console.adapters import keys
from afterbill_console.adapters.sessions import SessionsTable
from afterbill_console.roles import Role, roles_of

_STATES: Mapping[str, str] = {
    "CONFIRMED": "active",
    "FORCE_CHANGE_PASSWORD": "invited",
    "EXTERNAL_PROVIDER": "federated",
}


@dataclass(frozen=True, slots=True)
class Stored:
    """A user: `name` as Cognito knows it, `id` is its `sub`."""

    name: str
    id: str
    email: str
    state: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Users:
    """The users of one pool; clients are boto3's."""

    cognito: Any
    pool: str
    dynamodb: Any
    table: str

    def of(self, email: str) -> list[Stored]:
        """Return everybody with this address: a user of the pool's own, and one of an identity provider."""
        return list(self._listed(Filter=f'email = "{email}"'))

    def everybody(self) -> list[Stored]:
        """Return all users."""
        return list(self._listed())

    def groups(self, one: Stored) -> frozenset[Role]:
        """Return the roles of a user."""
        pages = self.cognito.get_paginator("admin_list_groups_for_user")
        found = pages.paginate(UserPoolId=self.pool, Username=one.name)
        return roles_of([group["GroupName"] for page in found for group in page["Groups"]])

    def create(self, email: str, password: str = "") -> Stored:
        """Make a user; Cognito invites by mail, unless there is a password."""
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        quiet = {"MessageAction": "SUPPRESS"} if password else {"DesiredDeliveryMediums": ["EMAIL"]}
        made = self.cognito.admin_create_user(UserPoolId=self.pool, Username=email, UserAttributes=attributes, **quiet)[
            "User"
        ]
        if password:
            self._set_password(email, password)
        return _stored(made)

    def _set_password(self, email: str, password: str) -> None:
        try:
            self.cognito.admin_set_user_password(
                UserPoolId=self.pool, Username=email, Password=password, Permanent=True
            )
        except ClientError as error:
            if error_code(error) != "InvalidPasswordException":
                raise
            self.cognito.admin_delete_user(UserPoolId=self.pool, Username=email)
            raise AfterbillError("the password is too short: it takes 12 characters") from error

    def set_roles(self, one: Stored, roles: frozenset[Role]) -> None:
        """Give a user these roles and no others; sessions end where that changes anything."""
        before = self.groups(one)
        user = {"UserPoolId": self.pool, "Username": one.name}
        for role in sorted(before - roles):
            self.cognito.admin_remove_user_from_group(**user, GroupName=role.value)
        for role in sorted(roles - before):
            self.cognito.admin_add_user_to_group(**user, GroupName=role.value)
        if before != roles:
            SessionsTable(self.dynamodb, self.table).end_all(one.id)

    def remove(self, one: Stored) -> None:
        """Remove a user, then everything that the table holds under it: sessions, and what one chose."""
        self.cognito.admin_delete_user(UserPoolId=self.pool, Username=one.name)
        found = query(
            self.dynamodb,
            TableName=self.table,
            KeyConditionExpression=f"{PK} = :operator",
            ExpressionAttributeValues=encode({":operator": keys.operator(one.id)}),
            ProjectionExpression=f"{PK}, {SK}",
            ConsistentRead=True,
        )
        write_batches(self.dynamodb, self.table, [{"DeleteRequest": {"Key": dict(item)}} for item in found])

    def _listed(self, **asked: str) -> Iterator[Stored]:
        for page in self.cognito.get_paginator("list_users").paginate(UserPoolId=self.pool, **asked):
            yield from map(_stored, page["Users"])


def _stored(user: Mapping[str, Any]) -> Stored:
    attributes = {one["Name"]: one["Value"] for one in user["Attributes"]}
    state = _STATES.get(user["UserStatus"], user["UserStatus"].lower())
    return Stored(user["Username"], attributes["sub"], attributes.get("email", ""), state, user["Enabled"])
