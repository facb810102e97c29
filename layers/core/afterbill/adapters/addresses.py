"""Addresses at which mail can reach no person."""

from email_validator import EmailNotValidError, ValidatedEmail, validate_email

from afterbill.model.invitation import SkipReason

_MACHINES = """
    abuse bounce bounces devnull do-not-reply donotreply ftp hostmaster mailer-daemon news no-reply no.reply noc noreply
    null postmaster root security usenet uucp webmaster www
"""  # nobody's: automatic senders, and what RFC 2142 and RFC 5321 keep for machines and their keepers
_DUTIES = """
    accounting accounts accounts-payable ap billing buchhaltung finance info invoice invoices kreditoren office
    rechnung rechnungen sales support
"""  # read by whoever is on duty: no one person there has an opinion to give

ROLES = frozenset(f"{_MACHINES}{_DUTIES}".split())
"""Names before the @ that stand for a function and not for a person."""


def address_problem(address: str) -> SkipReason | None:
    """Return the reason why mail to this address is pointless, None where it may arrive; DNS is not asked.

    What SES cannot carry is bad too: a name before the @ in other letters than ASCII.
    """
    checked = _checked(address)
    if checked is None:
        return SkipReason.BAD_ADDRESS
    return SkipReason.ROLE_ADDRESS if checked.local_part.casefold().partition("+")[0] in ROLES else None


def ascii_address(address: str) -> str:
    """The address with its domain as DNS spells it (`bücher.de` is `xn--bcher-kva.de`), which is all that SES takes."""
    checked = _checked(address)
    return (checked.ascii_email if checked else None) or address


def _checked(address: str) -> ValidatedEmail | None:
    try:
        # The domain test is reserved (RFC 2606): mail there only bounces, and trying things out needs one.
        return validate_email(
            address, check_deliverability=False, allow_smtputf8=False, strict=True, test_environment=True
        )
    except EmailNotValidError:
        return None
