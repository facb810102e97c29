"""Checks of the SPF, DKIM and DMARC records in DNS."""

from afterbill_cli.doctor.dns_lookup import Record
from afterbill_cli.doctor.stack_under_test import StackUnderTest
from afterbill_console.health.findings import Finding, Findings, fail, ok, skipped, warn

_SES = "amazonses.com"
_BULK = "Gmail, Yahoo and Outlook want one from whoever sends much"


def spf(stack: StackUnderTest) -> Findings:
    """Check the SPF record of the MAIL FROM domain; receivers look at no other."""
    if not stack.in_dns:
        yield _reserved(stack)
        return
    domain = ((stack.identity or {}).get("MailFromAttributes") or {}).get("MailFromDomain")
    if not domain:
        yield ok(f"the record of {_SES} counts: there is no MAIL FROM domain of its own")
        return
    record = stack.dns.spf(domain)
    remedy = f'TXT record at {domain}: "v=spf1 include:{_SES} ~all"'
    if not record.text:
        yield warn(f"{domain} has no record: {record.mistake}", remedy)
    elif record.mistake:
        yield fail(f"the record of {domain} cannot be used: {record.mistake}", f"mend it: {record.text}")
    elif not any(one == _SES or one.endswith(f".{_SES}") for one in record.includes):
        yield fail(f"the record of {domain} does not let SES send: {record.text}", f"add include:{_SES} to it")
    else:
        yield ok(f"{domain} lets SES send")


def dkim(stack: StackUnderTest) -> Findings:
    """Check the CNAME records of Easy DKIM; SES notices late that one was removed."""
    if not stack.in_dns:
        yield _reserved(stack)
        return
    attributes = (stack.identity or {}).get("DkimAttributes") or {}
    if not attributes.get("Tokens"):
        yield skipped(f"{stack.identity_name} has no keys in DNS: it is an address, or no identity")
        return
    if attributes.get("SigningAttributesOrigin") == "EXTERNAL":
        yield ok(f"the key is your own: {attributes['Tokens'][0]}._domainkey.{stack.identity_name}, judged by SES")
        return
    zone = attributes.get("SigningHostedZone") or f"dkim.{_SES}"
    wanted = {f"{token}._domainkey.{stack.identity_name}": f"{token}.{zone}" for token in attributes["Tokens"]}
    missing = [name for name, target in wanted.items() if stack.dns.alias(name) != target.lower()]
    for name in missing:
        yield fail(f"no key at {name}", f"CNAME record: {name} to {wanted[name]}")
    if not missing:
        yield ok(f"{len(wanted)} keys stand at {stack.identity_name}")


def dmarc(stack: StackUnderTest) -> Findings:
    """Check the DMARC record of the sender's domain, and that our mail passes it."""
    if not stack.in_dns:
        yield _reserved(stack)
        return
    domain = stack.sender_domain
    record = stack.dns.dmarc(domain)
    if not record.text:
        remedy = f'TXT record at _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:..."; {_BULK}'
        yield warn(f"{domain} has no record: {record.mistake}", remedy)
    elif record.mistake:
        yield warn(f"the record cannot be used: {record.mistake}", f"mend it: {record.text}")
    elif _strict(record) and domain != stack.identity_name:
        yield fail(
            f"adkim=s wants a signature of {domain}, and SES signs as {stack.identity_name}",
            f"verify {domain} in SES, or take adkim=s out of the record",
        )
    else:
        yield ok(f"p={record.tags['p']} counts for {domain}")


def _strict(record: Record) -> bool:
    return record.tags.get("adkim") == "s"


def _reserved(stack: StackUnderTest) -> Finding:
    return skipped(f"{stack.sender_domain} is reserved for examples and never in DNS")
