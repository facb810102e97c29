"""Keys of links and of address hashes; apart from secrets.py, so that receiving starts without customers."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from afterbill.adapters.aws.clients import batch_client, http_client
from afterbill.adapters.aws.secrets import Secret
from afterbill.model.addresses import address_hash
from afterbill.model.errors import ConfigurationError
from afterbill.model.links import derive_key


def secret_keys(arn: str) -> "SecretKeys":
    """The keys in the secret of this ARN, read when the first of them is needed, for a function with batches.

    One attempt: a second one would only take the time of the calls for which what is cached suffices.
    """
    return SecretKeys(Secret(batch_client("secretsmanager", attempts=1), arn))


def http_secret_keys(arn: str) -> "SecretKeys":
    """The same for a function that answers HTTP: a second attempt would leave too little time for other calls."""
    return SecretKeys(Secret(http_client("secretsmanager", attempts=1), arn))


@dataclass(frozen=True, slots=True)
class SecretKeys:
    """Link keys by id, and the key of the hashes under which addresses are recognised."""

    secret: Secret

    def current(self) -> Mapping[int, bytes]:
        """Key 0 is derived from the generated secret; those that came by rotation stand under `links`.

        An empty text is no key: everybody could sign with it.
        """
        rotated = {int(key_id): text for key_id, text in self.secret.value().get("links", {}).items() if text}
        return {0: self._derived("link")} | {key_id: derive_key(text, "link") for key_id, text in rotated.items()}

    def refresh(self) -> bool:
        """Fetch again, at most once a minute."""
        return self.secret.refresh()

    def hash_address(self, address: str) -> str:
        """The keyed hash of an address."""
        return address_hash(address, self._derived("identity"))

    def hash_alias(self, alias: str) -> str:
        """32 hex digits by which the name of an erased customer is recognised without being stored."""
        return hmac.digest(self._derived("alias"), alias.encode(), "sha256").hex()[:32]

    def receipt_key(self) -> bytes:
        """The key that signs receipts of erasures."""
        return self._derived("privacy receipt")

    def hash_network(self, network: str) -> str:
        """Eight hex digits by which a network is recognised without being stored."""
        return hmac.digest(self._derived("network"), network.encode(), "sha256").hex()[:8]

    def in_product(self) -> Sequence[str]:
        """The secrets with which an operator's backend proves its users: those of the list `in_product`, newest first.

        Without a list there is a derived secret; a list takes its place, so that a secret that leaked can be replaced.
        """
        listed = self.secret.value().get("in_product", [])
        given = [text for text in listed if isinstance(text, str) and text] if isinstance(listed, list) else []
        return given or [self._derived("in-product").hex()]

    def survey_key(self) -> bytes:
        """Binds the name of a survey to its user; it is never rotated, for it gives nobody anything."""
        return self._derived("in-product survey")

    def _derived(self, label: str) -> bytes:
        identity = self.secret.value().get("identity")
        if not isinstance(identity, str) or not identity:
            message = f'secret {self.secret.arn} has no "identity": restore it, it recognises every suppressed address'
            raise ConfigurationError(message)
        return derive_key(identity, label)
