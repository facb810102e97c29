"""A mail as it lies in somebody's mailbox: what SES makes of the parts we give it, and the trace of its way."""

from email.message import EmailMessage
from email.policy import SMTP

from afterbill.model.messages import Mail

SENT = "Sun, 22 Nov 2026 09:30:00 +0000"
CLIENT = "a7-22.smtp-out.eu-central-1.amazonses.com"
_UNFOLDED = SMTP.clone(max_line_length=998)
"""Python would fold long addresses into encoded words, which SES does not."""
RELAY = f"from {CLIENT} ({CLIENT} [69.169.231.22]) by mx.example.net (Postfix) with ESMTPS id 4RzQ2x0cWKz"

SES = "eu-central-1.amazonses.com"
"""The domain of the return path, as long as an operator gives SES no other."""


def message_id(number: int) -> str:
    """As SES forms them."""
    return f"0107019a8c1d5e2f-3b1c9d44-7f0e-4a6b-9c51-2d8e6f7a8b90-{number:06}"


def received(mail: Mail, number: int, envelope: str = "") -> bytes:
    """The whole message as SES builds it; `envelope` is the MAIL FROM domain, by default below that of the sender."""
    domain = envelope or f"mail.{mail.sender.rpartition('@')[2].rstrip('>')}"
    message = EmailMessage(policy=SMTP)
    message["Return-Path"] = f"<{message_id(number)}@{domain}>"
    message["Received"] = f"{RELAY} for <{mail.to}>; {SENT}"
    message["From"] = mail.sender
    message["Reply-To"] = mail.reply_to
    message["To"] = mail.to
    message["Subject"] = mail.subject
    for name, value in mail.headers.items():
        message[name] = value
    message["Message-ID"] = f"<{message_id(number)}@{SES}>"
    message["Date"] = SENT
    message["Feedback-ID"] = "::1.eu-central-1.Q1w2E3r4T5y6U7i8O9p0=:AmazonSES"
    message["X-SES-Outgoing"] = "2026.11.22-69.169.231.22"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    return message.as_bytes(policy=_UNFOLDED)
