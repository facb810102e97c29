"""The sender of mails to operators: not quite that of surveys, so that no report about one is taken for the other's."""

LABEL = "+console"


def console_sender(survey_sender: str) -> str:
    """Return the address with a label: SES takes it as the same identity, and reports it as another sender.

    A bounce or a complaint of an operator then counts towards no rate, and suppresses no customer (SES, "Verified
    identities": labels need no verification of their own).
    """
    local, _, domain = survey_sender.rpartition("@")
    return f"{local}{LABEL}@{domain}"
