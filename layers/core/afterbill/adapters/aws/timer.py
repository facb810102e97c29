"""The timer over EventBridge Scheduler."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code, transient
from afterbill.adapters.aws.send_queue import message
from afterbill.model.invitation import Invitation


@dataclass(frozen=True, slots=True)
class ScheduleTarget:
    """The queue that schedules fire to, and their settings."""

    group: str
    role_arn: str
    queue_arn: str
    dlq_arn: str
    flexible_minutes: int


@dataclass(frozen=True, slots=True)
class EventBridgeTimer:
    """Timer with one-time schedules, each deleted after it fired; raises TransientError where Scheduler is full."""

    scheduler: Any
    target: ScheduleTarget

    def at(self, invitation: Invitation, delivery_number: int, moment: datetime) -> None:
        """Create the schedule; one of this name is the same timer, set before."""
        try:
            with transient("creating a schedule"):
                self.scheduler.create_schedule(
                    Name=invitation.schedule_name(delivery_number),
                    GroupName=self.target.group,
                    ScheduleExpression=_at(moment),
                    FlexibleTimeWindow=self._window(),
                    ActionAfterCompletion="DELETE",
                    Target=self._queue(message(invitation.id, delivery_number)),
                )
        except ClientError as error:
            if error_code(error) != "ConflictException":
                raise

    def _window(self) -> dict[str, Any]:
        if not self.target.flexible_minutes:
            return {"Mode": "OFF"}
        return {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": self.target.flexible_minutes}

    def _queue(self, text: str) -> dict[str, Any]:
        return {
            "Arn": self.target.queue_arn,
            "RoleArn": self.target.role_arn,
            "Input": text,
            "DeadLetterConfig": {"Arn": self.target.dlq_arn},
            "RetryPolicy": {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185},
        }


@dataclass(frozen=True, slots=True)
class Schedules:
    """Schedules of a group by their names, to be deleted."""

    scheduler: Any
    group: str

    def delete(self, names: Iterable[str]) -> int:
        """Delete those that exist, one call each; return how many there were."""
        return sum(self._deleted(name) for name in sorted(names))

    def _deleted(self, name: str) -> bool:
        try:
            with transient("deleting a schedule"):
                self.scheduler.delete_schedule(Name=name, GroupName=self.group)
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            return False
        return True


def _at(due_at: datetime) -> str:
    """A schedule knows whole seconds; rounding up keeps it from firing before the due moment."""
    whole = due_at.astimezone(UTC)
    if whole.microsecond:
        whole = whole.replace(microsecond=0) + timedelta(seconds=1)
    return f"at({whole:%Y-%m-%dT%H:%M:%S})"
