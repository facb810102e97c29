"""Recipients of mails over the user pool of Cognito; no address of theirs is stored anywhere else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from afterbill.adapters.aws.clients import transient
from afterbill_console.digest.ports import Recipient
from afterbill_console.roles import Role

_CONFIRMED = frozenset({"CONFIRMED", "EXTERNAL_PROVIDER"})
"""States of users who set a password, or come from a firm's own identity provider."""


@dataclass(frozen=True, slots=True)
class CognitoRecipients:
    """Recipients of one user pool."""

    cognito: Any
    pool: str

    def recipients(self) -> Sequence[Recipient]:
        """List the users of each role: four calls for a team, as Cognito gives sixty in one."""
        roles: dict[str, set[Role]] = {}
        addresses: dict[str, str] = {}
        for role in Role:
            for user in self._in(role):
                known = {each["Name"]: each["Value"] for each in user["Attributes"]}
                if _takes_mail(user, known):
                    roles.setdefault(known["sub"], set()).add(role)
                    addresses[known["sub"]] = known["email"]
        return [Recipient(operator, addresses[operator], frozenset(found)) for operator, found in sorted(roles.items())]

    def _in(self, role: Role) -> Iterator[Mapping[str, Any]]:
        after: dict[str, str] = {}
        while True:
            with transient("listing operators"):
                page = self.cognito.list_users_in_group(UserPoolId=self.pool, GroupName=role.value, Limit=60, **after)
            yield from page["Users"]
            if not page.get("NextToken"):
                return
            after = {"NextToken": page["NextToken"]}


def _takes_mail(user: Mapping[str, Any], known: Mapping[str, str]) -> bool:
    """Return whether somebody uses the console, and proved that the address is theirs."""
    confirmed = user["Enabled"] and user["UserStatus"] in _CONFIRMED
    return confirmed and bool(known.get("email")) and known.get("email_verified") == "true"
