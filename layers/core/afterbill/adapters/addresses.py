"""Addresses at which mail can reach no person."""

from email_validator import EmailNotValidError, validate_email

from afterbill.model.addresses import mailbox
from afterbill.model.invitation import SkipReason

_MACHINES = """
    abuse bounce bounces devnull do-not-reply donotreply ftp hostmaster mailer-daemon news no-reply no.reply noc noreply
    null postmaster root security usenet uucp webmaster www
"""  # nobody's: automatic senders, and what RFC 2142 and RFC 5321 keep for machines and their keepers
_DUTIES = """
    accounting accounts accounts-payable ap billing buchhaltung finance info invoice invoices kreditoren office
    rechnung rechnungen sales support
"""  # read by whoever is on duty: no one person there has an opinion to give

_LONGEST_NAME = 64
"""Characters before the @ (RFC 5321)."""

ROLES = frozenset(f"{_MACHINES}{_DUTIES}".split())
"""Names before the @ that stand for a function and not for a person."""


def is_role(address: str) -> bool:
    """Return whether an address belongs to a function or a program, whatever its tag (`info+shop@`)."""
    return mailbox(address).rpartition("@")[0].partition("+")[0] in ROLES


def address_fault(address: str) -> str:
    """Return why no mail can be sent to this address, in words; empty where it can. DNS is not asked.

    Judged is the spelling that is sent. What SES cannot carry is a fault too: a name before the @ in other letters than
    ASCII.
    """
    spelled = mailbox(address)
    return "" if _can_be_sent(spelled) else _fault(*spelled.rpartition("@"))


def _fault(name: str, at: str, domain: str) -> str:
    if not at:
        return 'it has no "@"'
    if not {"<", ">", "@"}.isdisjoint(name):
        return "write one address alone, without a name"
    if "." not in domain:
        return 'the part after the "@" has no ending such as ".com"'
    if not _can_be_sent(f"a@{domain}"):
        return 'the part after the "@" is no domain that takes mail'
    if len(name) > _LONGEST_NAME or _can_be_sent(f"{name}@example.com"):
        return "it is too long"
    return 'before the "@" stand letters of a to z, digits, single dots and signs such as "-" and "_" alone'


def _can_be_sent(address: str) -> bool:
    try:
        # The domain test is reserved (RFC 2606): mail there only bounces, and trying things out needs one.
        validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def address_problem(address: str) -> SkipReason | None:
    """Return the reason why mail to this address is pointless, None where it may arrive."""
    if address_fault(address):
        return SkipReason.BAD_ADDRESS
    return SkipReason.ROLE_ADDRESS if is_role(address) else None
