"""Exports that are too large to be sent: a file of a day, behind a link of some minutes."""

import secrets
from dataclasses import dataclass
from typing import Any

from afterbill.adapters.aws.clients import transient

LINK_SECONDS = 300
"""The period in which a link leads to the file; whoever has the link needs no key."""


@dataclass(frozen=True, slots=True)
class S3Exports:
    """Files in `exports/` of the archive's bucket, which deletes them after a day."""

    s3: Any
    bucket: str

    def put(self, content: Any, kind: str, name: str) -> str:  # noqa: ANN401  # bytes, or a file that is open
        """Store a file under a name that nobody can guess, and return the link to it; `name` is what it is saved as."""
        key = f"exports/{secrets.token_hex(16)}/{name}"
        saved = {"ContentType": kind, "ContentDisposition": f'attachment; filename="{name}"'}
        with transient("writing an export"):
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, **saved)
        place = {"Bucket": self.bucket, "Key": key}
        return str(self.s3.generate_presigned_url("get_object", Params=place, ExpiresIn=LINK_SECONDS))
