"""The files of the archive in S3."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code, transient
from afterbill.model.errors import TransientError

_MOST_DELETES = 1000
"""Objects of one DeleteObjects."""


@dataclass(frozen=True, slots=True)
class S3Files:
    """ArchiveFiles over a bucket, which encrypts them and keeps no versions."""

    s3: Any
    bucket: str

    def get(self, name: str) -> bytes | None:
        """The whole object, None where there is none."""
        with transient("reading a file of the archive"):
            try:
                body: bytes = self.s3.get_object(Bucket=self.bucket, Key=name)["Body"].read()
            except ClientError as error:
                if error_code(error) != "NoSuchKey":
                    raise
                return None
        return body

    def put(self, name: str, body: bytes) -> None:
        """Overwrite the object: readers see the old one or the new one, and no part of either."""
        with transient("writing a file of the archive"):
            self.s3.put_object(Bucket=self.bucket, Key=name, Body=body)

    def delete(self, names: Collection[str]) -> None:
        """Delete the objects, one call for a thousand."""
        listed = sorted(names)
        for start in range(0, len(listed), _MOST_DELETES):
            batch = [{"Key": name} for name in listed[start : start + _MOST_DELETES]]
            with transient("deleting files of the archive"):
                answer = self.s3.delete_objects(Bucket=self.bucket, Delete={"Objects": batch, "Quiet": True})
            if errors := answer.get("Errors"):
                raise TransientError(f"{len(errors)} files of the archive were not deleted: {errors[0].get('Code')}")

    def names(self, prefix: str) -> Sequence[str]:
        """The names, a thousand to a call."""
        with transient("listing files of the archive"):
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return [one["Key"] for page in pages for one in page.get("Contents", ())]
