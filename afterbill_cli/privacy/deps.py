"""The dependencies of the commands of privacy: the deployed stack, with the operator's own credentials."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic

import click

from afterbill.adapters.aws.secret_keys import SecretKeys
from afterbill.adapters.aws.secrets import Secret
from afterbill.adapters.dynamodb.people import PeopleTable
from afterbill.adapters.dynamodb.privacy_requests import PrivacyRequestsTable
from afterbill.adapters.dynamodb.restrictions import RestrictionsTable
from afterbill.adapters.phones import number_hashes
from afterbill.model.customer import source_of
from afterbill.model.plain_text import one_line
from afterbill.model.privacy import DEADLINE, Person, PrivacyRequest, RequestKind, RequestState
from afterbill.privacy.erase import EraseDeps
from afterbill.privacy.ports import People, PrivacyRequests
from afterbill.privacy.restrict import RestrictDeps
from afterbill_cli.acts import Acts, ledger_of
from afterbill_cli.deployed import Deployed
from afterbill_cli.output import counted
from afterbill_cli.people.lookup import Lookup
from afterbill_cli.people.who import Whom, known_by
from afterbill_cli.privacy.erasing import erasing


@dataclass(frozen=True, slots=True)
class PrivacyDeps:
    """One command at work; `what` is its name in the audit trail, `why` the reason that its operator gives."""

    stack: Deployed
    what: str
    why: str

    @property
    def acts(self) -> Acts:
        """Notes what the command does, before it does it."""
        return Acts(self.stack, self.what, self.why)

    @property
    def lookup(self) -> Lookup:
        """Looks people up in the table."""
        return Lookup(self.stack)

    @property
    def keys(self) -> SecretKeys:
        """The keys of hashes and receipts."""
        secret = Secret(self.stack.client("secretsmanager"), self.stack.output("KeysSecretArn"), monotonic)
        return SecretKeys(secret)

    @property
    def people(self) -> People:
        """All that belongs to a person."""
        return PeopleTable(self.stack.client("dynamodb"), self.stack.output("TableName"))

    @property
    def requests(self) -> PrivacyRequests:
        """Requests as they are stored."""
        return PrivacyRequestsTable(self.stack.client("dynamodb"), self.stack.output("TableName"))

    @property
    def erasing(self) -> EraseDeps:
        """The dependencies of an erasure, over the operator's credentials."""
        return erasing(self.stack)

    def hash_number(self, phone: str | None, country: str | None) -> str:
        """Return the keyed hash of a number as a customer of a country spells it; empty where none can be."""
        return number_hashes(self.keys.hash_address)(phone, country)

    def restricting(self) -> RestrictDeps:
        """Return what a restriction needs."""
        table = RestrictionsTable(self.stack.client("dynamodb"), self.stack.output("TableName"))
        return RestrictDeps(table, self.requests, ledger_of(self.stack), self.keys.hash_alias)

    def persons(self, whom: Whom) -> list[Person]:
        """Return all that belongs to whom a text led to, one for each customer, and one for what is nobody's."""
        nobody = [self.people.invitations_of_nobody(whom.invitation_ids)] if whom.invitation_ids else []
        return [*map(self.people.person, whom.customer_ids), *nobody]

    def request(self, kind: RequestKind, whom: Whom, now: datetime) -> PrivacyRequest:
        """Return a new request about them, in the name of whoever gives the command."""
        return PrivacyRequest(
            id=uuid.uuid4().hex,
            kind=kind,
            requested_at=now,
            by=self.acts.who,
            due_at=now + DEADLINE,
            why=self.why,
            customer_ids=frozenset(whom.customer_ids),
            invitation_ids=frozenset(whom.invitation_ids),
        )


def agreed(question: str, *, yes: bool) -> None:
    """Ask on stderr and go on after a typed yes, or with --yes; anything else ends the command, and nothing is done."""
    if yes:
        return
    try:
        typed = click.prompt(f"{question} Type yes to go on", default="", show_default=False, err=True)
    except click.Abort:  # Ctrl-C, or nobody is there who could type
        click.echo("\nNothing was done.", err=True)
        raise
    if typed != "yes":
        raise click.UsageError("nothing was done: it takes the word yes, or --yes")


def tell_whom(persons: Sequence[Person]) -> None:
    """Tell on stderr who these are, so that nobody takes one for another: no more of an address than it takes."""
    for person in persons:
        if not person.customer_id:
            click.echo(f"invitation {', '.join(sorted(person.invitations))} of nobody who is known", err=True)
            continue
        sources = ", ".join(sorted({source_of(alias) for alias in person.aliases})) or "no source"
        told = (one_line(known_by(person.customer)), f"of {sources}", counted(len(person.invitations), "survey"))
        click.echo(f"customer {person.customer_id}: {', '.join(told)}", err=True)


def tell_nobody(whom: Whom) -> None:
    """Tell on stderr that nobody was found, and what is known of the address or number all the same."""
    click.echo("This survey was removed before." if whom.removed else "Nobody is known by this now.", err=True)
    if whom.address.known:
        reason = whom.address.recipient.suppressed
        told = f"that nobody may write to it ({reason})" if reason else "when it was asked last"
        click.echo(f"What stays of it is a keyed hash with a note, {told}.", err=True)


def reason(why: str) -> str:
    """Return why; without a reason nothing about a person is changed."""
    if not why:
        raise click.UsageError('--why is missing: say who asked, as in --why "asked by letter"')
    return why


@contextmanager
def told_how_to_finish(request: PrivacyRequest) -> Iterator[None]:
    """Tell whoever interrupts an erasure, or meets an error, who finishes it."""
    try:
        yield
    except BaseException:
        click.echo(
            f"Not finished: request {request.id} is kept as far as it got. The same command finishes it, and so does "
            f"handle_privacy_requests within its next runs; then `afterbill privacy receipt {request.id}` issues its "
            "receipt.",
            err=True,
        )
        raise


def now_utc() -> datetime:
    """Return this moment."""
    return datetime.now(UTC)


def done_now(request: PrivacyRequest, now: datetime) -> PrivacyRequest:
    """Return the request as one that is done."""
    return replace(request, state=RequestState.DONE, done_at=now)
