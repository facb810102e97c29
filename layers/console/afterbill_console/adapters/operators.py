"""Operators over the user pool of Cognito."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code, transient
from afterbill_console.roles import Role, roles_of


@dataclass(frozen=True, slots=True)
class CognitoOperators:
    """Operators of one user pool: its own users, and those of a firm's identity provider."""

    cognito: Any
    pool: str

    def roles(self, operator: str) -> frozenset[Role]:
        """Look the user up by `sub`, then its groups: two calls.

        Cognito takes the `sub` in the place of a username for users of its own alone (API reference,
        AdminListGroupsForUser), so that the name is looked up for everybody.
        """
        with transient("reading an operator"):
            found = self.cognito.list_users(
                UserPoolId=self.pool, AttributesToGet=["sub"], Filter=f'sub = "{operator}"', Limit=1
            )["Users"]
            if not found or not found[0]["Enabled"]:
                return frozenset()
            return roles_of(list(self._groups(found[0]["Username"])))

    def _groups(self, name: str) -> Iterator[str]:
        after: dict[str, str] = {}
        while True:
            try:
                page = self.cognito.admin_list_groups_for_user(UserPoolId=self.pool, Username=name, **after)
            except ClientError as error:
                if error_code(error) != "UserNotFoundException":
                    raise
                return
            yield from (group["GroupName"] for group in page["Groups"])
            if not page.get("NextToken"):
                return
            after = {"NextToken": page["NextToken"]}
