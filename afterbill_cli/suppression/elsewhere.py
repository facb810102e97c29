"""The lists that AWS keeps itself, for the whole account: afterbill reads them and never changes them."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from afterbill.adapters.aws.clients import error_code
from afterbill_cli.deployed import Deployed

_DEFAULT_LIST = "Default"
"""The opt-out list of End User Messaging that numbers and senders use unless they are given another."""

_DELETE = "aws pinpoint-sms-voice-v2 delete-opted-out-number"
"""Once in 30 days at most for each number, as with SNS."""


@dataclass(frozen=True, slots=True)
class OwnList:
    """What a list of AWS says, `told` in words; `commands` remove from it. `listed` is None where nobody could look."""

    told: str
    listed: bool | None
    commands: tuple[str, ...]

    def stated(self) -> dict[str, Any]:
        """Return the JSON object."""
        return {"told": self.told, "listed": self.listed, "commands": list(self.commands)}


def list_of_ses(stack: Deployed, address: str) -> OwnList:
    """Return what the suppression list of the SES account says of an address."""
    command = f"aws sesv2 delete-suppressed-destination --email-address {shlex.quote(address)}"

    def look() -> str:
        found = stack.client("sesv2").get_suppressed_destination(EmailAddress=address)["SuppressedDestination"]
        return f"{found['Reason'].lower()}, {found['LastUpdateTime']:%Y-%m-%d}"

    return _told("the suppression list of the SES account", look, "NotFoundException", (command,))


def list_of_numbers(stack: Deployed, number: str) -> OwnList:
    """Return what the opt-out list of AWS End User Messaging says of a number; SNS has another one."""
    commands = (
        f"{_DELETE} --opt-out-list-name {_DEFAULT_LIST} --opted-out-number {number}",
        f"aws sns opt-in-phone-number --phone-number {number}",
    )

    def look() -> str:
        asked = {"OptOutListName": _DEFAULT_LIST, "OptedOutNumbers": [number]}
        (found,) = stack.client("pinpoint-sms-voice-v2").describe_opted_out_numbers(**asked)["OptedOutNumbers"]
        return f"{found['OptedOutTimestamp']:%Y-%m-%d}"

    name = f"the opt-out list {_DEFAULT_LIST} of AWS End User Messaging"
    return _told(name, look, "ResourceNotFoundException", commands)


def _told(name: str, look: Callable[[], str], absent: str, commands: tuple[str, ...]) -> OwnList:
    """Look, and say what came of it: whoever may not read the list must still be told of it."""
    try:
        return OwnList(f"It is also on {name} ({look()}), which stays.", True, commands)  # noqa: FBT003  # as named
    except ClientError as error:
        if error_code(error) == absent:
            return OwnList(f"It is not on {name}.", False, ())  # noqa: FBT003
        why = error_code(error)
    except (BotoCoreError, LookupError, ValueError) as error:
        why = type(error).__name__
    return OwnList(f"It may also be on {name}, which could not be read ({why}) and stays.", None, commands)
