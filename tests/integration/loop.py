"""The functions one after another, each fed with what the one before it left."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from afterbill.adapters.dynamodb.items import invitation_of
from afterbill.model.invitation import Invitation
from tests.integration.samples import captured, due, payment, sample, survey_token
from tests.integration.stack import Handler, Stack


@dataclass
class Loop:
    """Each function starts cold once and then stays warm."""

    stack: Stack

    @cached_property
    def capture(self) -> Handler:
        return self.stack.load("capture_event")

    @cached_property
    def send(self) -> Handler:
        return self.stack.load("send_survey")

    @cached_property
    def answer(self) -> Handler:
        return self.stack.load("record_response")

    @cached_property
    def mail(self) -> Handler:
        return self.stack.load("handle_mail_event")

    @cached_property
    def sweep(self) -> Handler:
        return self.stack.load("sweep_invitations")

    @cached_property
    def review(self) -> Handler:
        return self.stack.load("review_clicks")

    @cached_property
    def compute(self) -> Handler:
        return self.stack.load("compute_nps")

    @cached_property
    def watch(self) -> Handler:
        return self.stack.load("watch_reputation")

    @cached_property
    def retain(self) -> Handler:
        return self.stack.load("apply_retention")

    def asked(self, order: str = "order-20417", **customer: Any) -> Invitation:
        """A payment captured; with surveys due at once its message waits in the send queue."""
        known = {one.id for one in self.invitations()}
        assert self.capture(captured(payment(order, **customer))) == {"batchItemFailures": []}
        (new,) = [one for one in self.invitations() if one.id not in known]
        return new

    def sent(self, order: str = "order-20417", **customer: Any) -> Invitation:
        """The invitation, its mail gone out."""
        invitation = self.asked(order, **customer)
        assert self.send(due(invitation.id)) == {"batchItemFailures": []}
        return self.invitation(invitation.id)

    def form(self, invitation: Invitation, **changes: Any) -> dict[str, Any]:
        """The answer's form posted."""
        response: dict[str, Any] = self.answer(sample("api/survey_form", TOKEN=survey_token(invitation.id)) | changes)
        return response

    def invitations(self) -> list[Invitation]:
        return [invitation_of(item) for item in self.stack.items("INVITATION")]

    def invitation(self, id_: str) -> Invitation:
        (found,) = [one for one in self.invitations() if one.id == id_]
        return found

    def mails(self) -> list[dict[str, Any]]:
        """The mails handed to SES, refused or not."""
        return [call.params for call in self.stack.calls if call.operation == "SendEmail"]
