"""A user pool behind real clients of botocore, which check what is sent; moto's needs a library of its own."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import boto3
from botocore.awsrequest import AWSResponse

POOL = "eu-central-1_Abc"
REGION = "eu-central-1"
FILTER = re.compile(r'(sub|email) = "((?:[^"\\]|\\.)*)"')


class RefusedError(Exception):
    """An error as Cognito names it."""


@dataclass
class UserPool:
    """Users by the name that Cognito knows each by; pages have two entries, so that nobody forgets the next."""

    groups: tuple[str, ...] = ("admin", "agent", "analyst", "viewer")
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    """The error code that an operation meets."""

    def client(self) -> Any:
        """Return a client whose calls end here."""
        made = boto3.client("cognito-idp", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
        made.meta.events.register("before-call.cognito-idp", self.meet)
        return made

    def meet(self, model: Any, params: Any, **_: Any) -> Any:
        """Answer in the place of AWS."""
        asked = json.loads(params["body"])
        self.calls.append((model.name, asked))
        try:
            parsed = {**self._answer(model.name, asked), "ResponseMetadata": {"HTTPStatusCode": 200}}
        except RefusedError as error:
            metadata = {"HTTPStatusCode": 400, "RequestId": "1"}
            parsed = {"Error": {"Code": str(error), "Message": "told to"}, "ResponseMetadata": metadata}
        status = parsed["ResponseMetadata"]["HTTPStatusCode"]
        headers: Any = {}
        return AWSResponse("https://cognito-idp.example", status, headers, None), parsed

    def _answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        if operation in self.failures:
            raise RefusedError(self.failures[operation])
        assert asked["UserPoolId"] == POOL
        answered: dict[str, Any] = getattr(self, f"_{operation}")(asked)
        return answered

    def add(self, email: str, *groups: str, name: str = "") -> str:
        """Add somebody, a user of another provider where there is a name; the `sub`."""
        sub = str(uuid4())
        user = {"sub": sub, "email": email, "groups": list(groups), "enabled": True, "status": "CONFIRMED"}
        self.users[name or sub] = user
        return sub

    # Operations

    def _ListUsers(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  # as Cognito names it
        match = FILTER.fullmatch(asked.get("Filter", "")) if "Filter" in asked else None
        assert match or "Filter" not in asked
        found = [self._out(name) for name, user in self.users.items() if not match or user[match[1]] == match[2]]
        first = int(asked.get("PaginationToken", 0))
        page = {"Users": found[first : first + 2]}
        return page | ({"PaginationToken": str(first + 2)} if len(found) > first + 2 else {})

    def _ListUsersInGroup(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  # as above
        self._group(asked)
        found = [self._out(name) for name, user in self.users.items() if asked["GroupName"] in user["groups"]]
        first = int(asked.get("NextToken", 0))
        page = {"Users": found[first : first + 2]}
        return page | ({"NextToken": str(first + 2)} if len(found) > first + 2 else {})

    def _AdminListGroupsForUser(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  # as above
        names = self._user(asked)["groups"]
        first = int(asked.get("NextToken", 0))
        page = {"Groups": [{"GroupName": name} for name in names[first : first + 2]]}
        return page | ({"NextToken": str(first + 2)} if len(names) > first + 2 else {})

    def _AdminCreateUser(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  # as above
        if any(user["email"] == asked["Username"] for user in self.users.values()):
            raise RefusedError("UsernameExistsException")
        sub = self.add(asked["Username"])
        self.users[sub] |= {"status": "FORCE_CHANGE_PASSWORD", "invited": asked.get("MessageAction") != "SUPPRESS"}
        return {"User": self._out(sub)}

    def _AdminSetUserPassword(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  # as above
        if len(asked["Password"]) < 12:
            raise RefusedError("InvalidPasswordException")
        self._user(asked).update(password=asked["Password"], status="CONFIRMED")
        return {}

    def _AdminAddUserToGroup(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  # as above
        self._group(asked)
        groups = self._user(asked)["groups"]
        groups.append(asked["GroupName"]) if asked["GroupName"] not in groups else None
        return {}

    def _AdminRemoveUserFromGroup(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  # as above
        self._group(asked)
        self._user(asked)["groups"].remove(asked["GroupName"])
        return {}

    def _AdminDeleteUser(self, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  # as above
        self.users.pop(self._name(asked["Username"]))
        return {}

    def _group(self, asked: dict[str, Any]) -> None:
        if asked["GroupName"] not in self.groups:
            raise RefusedError("ResourceNotFoundException")

    def _user(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self.users[self._name(asked["Username"])]

    def _name(self, called: str) -> str:
        """Return the name of a user; an address leads to users of its own, whose name is their `sub`."""
        local = {user["email"]: name for name, user in self.users.items() if name == user["sub"]}
        name = called if called in self.users else local.get(called)
        if name is None:
            raise RefusedError("UserNotFoundException")
        return name

    def _out(self, name: str) -> dict[str, Any]:
        user = self.users[name]
        attributes = [{"Name": key, "Value": user[key]} for key in ("sub", "email")]
        attributes.append({"Name": "email_verified", "Value": "true"})
        return {"Username": name, "Attributes": attributes, "Enabled": user["enabled"], "UserStatus": user["status"]}
