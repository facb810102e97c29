"""Mail records in DNS, read and judged by checkdmarc, which is imported only when asked: it takes half a second."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from afterbill.model.errors import AfterbillError
from afterbill_console.health.findings import SkippedError

_THERE = "amazonses.com"
"""A name that exists for certain: SES depends on it."""


class NoAnswerError(AfterbillError):
    """DNS did not answer."""


@dataclass(frozen=True, slots=True)
class Record:
    """`text` is empty where there is no record; `mistake` says why there is none, or why it cannot be used.

    `includes` are the domains whose senders an SPF record lets in, `tags` those of a DMARC record, with the policy that
    counts for the domain under `p`.
    """

    text: str = ""
    mistake: str = ""
    includes: frozenset[str] = frozenset()
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Dns:
    """DNS as `resolver` (dnspython's, or one that answers like it) knows it; `silent` says why nobody can be asked.

    Every method raises NoAnswerError where name servers do not answer, from then on without asking them again, and
    SkippedError where the operator wants none to be asked.
    """

    resolver: Any = None
    silent: str = ""
    skip: bool = False
    lifetime: float = 4.0
    """Seconds for one question, all name servers together."""
    _proved: bool = field(default=False, init=False)

    def spf(self, domain: str) -> Record:
        """The SPF record of a domain (RFC 7208)."""
        self._must_answer()
        from checkdmarc.spf import check_spf  # type: ignore[import-untyped]  # noqa: PLC0415  # has no types; slow

        result = check_spf(domain, resolver=self)
        self._must_answer()
        text, mistake = result["record"] or "", str(result.get("error", ""))
        return Record(text, mistake, includes=frozenset(_includes(result.get("parsed"))))

    def dmarc(self, domain: str) -> Record:
        """The DMARC record that counts for a domain, be it that of its organisation (RFC 7489)."""
        self._must_answer()
        from checkdmarc.dmarc import check_dmarc  # type: ignore[import-untyped]  # noqa: PLC0415  # as above

        result = check_dmarc(domain, resolver=self)
        self._must_answer()
        tags = {name: str(tag["value"]) for name, tag in result.get("tags", {}).items()}
        if result["location"] not in {None, domain}:
            tags["p"] = tags.get("sp", "")
        return Record(result["record"] or "", str(result.get("error", "")), tags=tags)

    def alias(self, name: str) -> str:
        """Return the target of a name's CNAME record without its final dot; empty where there is none."""
        self._must_answer()
        import dns.exception  # noqa: PLC0415  # comes with checkdmarc

        try:
            return str(next(iter(self.resolve(name, "CNAME")))).rstrip(".").lower()
        except dns.exception.DNSException:
            self._must_answer()
            return ""

    def resolve(self, name: object, kind: str, **_: object) -> Any:  # noqa: ANN401  # dnspython's answers, for checkdmarc
        """Resolve like dnspython, and note missing answers, which checkdmarc would take for missing records."""
        import dns.resolver  # noqa: PLC0415  # as above

        lifetime_over: Any = dns.resolver.LifetimeTimeout  # dnspython leaves its exceptions untyped
        gone = lifetime_over(timeout=self.lifetime, errors=[])
        if self.silent:
            raise gone
        try:
            return self.resolver.resolve(name, kind, lifetime=self.lifetime)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            raise
        except (dns.exception.DNSException, OSError) as error:
            self.silent = f"DNS did not answer for {name}: {str(error) or type(error).__name__}"
            raise gone from error

    def _must_answer(self) -> None:
        """Some name servers without a way out deny every name: they are found out by one that exists."""
        if self.skip:
            raise SkippedError("name servers were not to be asked")
        if not (self.silent or self._proved):
            self._proved = True
            self._prove()
        if self.silent:
            raise NoAnswerError(self.silent)

    def _prove(self) -> None:
        import dns.exception  # noqa: PLC0415  # as above

        try:
            self.resolve(_THERE, "TXT")
        except dns.exception.DNSException:
            self.silent = (
                self.silent or f"the name servers of this machine deny {_THERE}: they know no other name either"
            )


def live() -> Dns:
    """The name servers of this machine."""
    try:
        import dns.resolver  # noqa: PLC0415  # comes with checkdmarc
    except ImportError:
        return Dns(silent="checkdmarc is not installed: `pip install 'afterbill[cli]'`")
    try:
        return Dns(dns.resolver.Resolver())
    except dns.exception.DNSException as error:
        return Dns(silent=f"this machine knows no name server: {error}")


def _includes(parsed: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the included domains, also of included records and of a redirect."""
    if not parsed:
        return
    redirect = parsed.get("redirect")
    others = [part for part in parsed.get("mechanisms", ()) if part["mechanism"] == "include"]
    for part in [*others, *([redirect] if redirect else [])]:
        yield str(part.get("value") or part.get("domain")).lower()
        yield from _includes(part.get("parsed"))
