"""`afterbill explain`: print the timeline of a customer, an event or an invitation."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from afterbill.answers.response_rows import row
from afterbill.model.invitation import Invitation
from afterbill.model.plain_text import one_line
from afterbill.model.retention import as_kept
from afterbill_cli import deployed as stacks
from afterbill_cli import options
from afterbill_cli.acts import Acts
from afterbill_cli.deployed import Deployed
from afterbill_cli.explain.find import Finder, Subject
from afterbill_cli.explain.profile import profile
from afterbill_cli.explain.timeline import TimelineContext, rule_of, timeline
from afterbill_cli.options import StackChoice
from afterbill_cli.output import Output, print_json
from afterbill_cli.responses.lines import wrapped


@click.command("explain")
@click.argument("subject", metavar="CUSTOMER|EVENT|INVITATION")
@options.why
@options.output()
@options.stack
def command(*, subject: str, why: str, output: Output, choice: StackChoice) -> int:
    """Show the timeline of a customer, an event or an invitation.

    Name a mail address or phone number, the id of a customer or event at the billing system, an invitation's id or a
    mail's link. An address or id may belong to several customers.
    """
    return explain(stacks.connect(choice), subject, as_json=output is Output.JSON, why=why)


def explain(deployed: Deployed, wanted: str, *, as_json: bool, why: str = "") -> int:
    """Print everything that is stored about the subject, in order; of several customers one after the other.

    In JSON these are the first customer, with the rest in `others`.
    """
    policy, now = deployed.policy(), datetime.now(UTC)
    told = [
        (one, TimelineContext(policy, one.customer, policy.place(one.customer), now, one.address, one.number))
        for one in Finder(deployed, now.date()).find(wanted)
    ]
    Acts(deployed, "explain", why).note(_whose(one for one, _ in told))
    if as_json:
        first, *others = [_stated(*one) for one in told]
        print_json(first | ({"others": others} if others else {}))
        return 0
    for number, one in enumerate(told):
        print("\n" * (number > 0), end="")
        _print_subject(*one)
    return 0


def _whose(subjects: Iterable[Subject]) -> Iterator[str]:
    """Yield our ids: those of customers, of invitations where no customer is known."""
    for one in subjects:
        yield from [one.customer.id] if one.customer else [each.id for each in one.invitations]


def _print_subject(subject: Subject, context: TimelineContext) -> None:
    for label, text in profile(context).items():
        print(f"{label:<15}{one_line(text)}")
    told = _told(subject, context)
    for invitation in told:
        _print(invitation, context)
    if not (told or _is_restricted(subject)):
        print("\nNo fact is stored about this customer.")


def _print(invitation: Invitation, context: TimelineContext) -> None:
    marked = ", a test: it counts nowhere" if invitation.test else ""
    print(f"\ninvitation {invitation.id}, {invitation.state}{marked}")
    for step in timeline(invitation, context):
        print(f"  {step.at:%Y-%m-%d %H:%M:%S} UTC  {one_line(step.text)}")
    if invitation.answer and invitation.answer.comment:
        print("  comment:", *wrapped(invitation.answer.comment, shutil.get_terminal_size().columns), sep="\n")
    print(f"  rule today: {rule_of(invitation, context.policy)}")


def _stated(subject: Subject, context: TimelineContext) -> dict[str, Any]:
    return {**profile(context), "invitations": [_invitation(one, context) for one in _told(subject, context)]}


def _told(subject: Subject, context: TimelineContext) -> Sequence[Invitation]:
    """Return the invitations as far as they may be told of: none of a customer whose data are used for nothing."""
    if _is_restricted(subject):
        return ()
    return [as_kept(one, context.policy.retention, context.now) for one in subject.invitations]


def _is_restricted(subject: Subject) -> bool:
    return subject.customer is not None and subject.customer.restricted_at is not None


def _invitation(invitation: Invitation, context: TimelineContext) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "fact": invitation.fact,
        "state": invitation.state,
        "test": invitation.test,
        "reason": invitation.reason,
        "story": [{"at": step.at.isoformat(), "said": step.text} for step in timeline(invitation, context)],
        "answer": _answer(invitation),
        "rule": rule_of(invitation, context.policy),
    }


def _answer(invitation: Invitation) -> dict[str, Any] | None:
    """Return the response under the names that `afterbill responses` has for its parts; None where there is none."""
    if invitation.answer is None:
        return None
    names = ("question", "rating", "reason", "comment", "contact_ok", "confirmed", "anonymous")
    stated = row(invitation)
    return {name: stated[name] for name in names}
