"""Reports in S3: one object each, as JSON that is compressed."""

import gzip
import json
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code, transient
from afterbill.model.errors import UnreadableError

AT_ONCE = 8
"""Calls at the same time: a client keeps ten connections."""
_FINGERPRINT = "fingerprint"


@dataclass(frozen=True, slots=True)
class S3Reports:
    """StoredReports over the archive's bucket."""

    s3: Any
    bucket: str

    def load(self, place: str) -> Mapping[str, Any] | None:
        """Get the object: one call."""
        try:
            with transient("reading a report"):
                content = self.s3.get_object(Bucket=self.bucket, Key=place)["Body"].read()
        except ClientError as error:
            if error_code(error) != "NoSuchKey":
                raise
            return None
        try:
            document: dict[str, Any] = json.loads(gzip.decompress(content))
        except (OSError, EOFError, ValueError) as error:
            raise UnreadableError(f"{place}: {type(error).__name__}") from error
        return document

    def store(self, place: str, document: Mapping[str, Any]) -> None:
        """Put the object; its bytes tell nothing of the moment."""
        content = gzip.compress(json.dumps(document, ensure_ascii=False).encode(), mtime=0)
        with transient("writing a report"):
            self.s3.put_object(
                Bucket=self.bucket,
                Key=place,
                Body=content,
                ContentType="application/json",
                ContentEncoding="gzip",
                Metadata={_FINGERPRINT: document.get(_FINGERPRINT, "")},
            )

    def fingerprints(self, places: Collection[str]) -> Mapping[str, str]:
        """Look at each object, some at a time: the fingerprint stands beside its content."""
        listed = sorted(places)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = zip(listed, pool.map(self._fingerprint, listed), strict=True)
            return {place: fingerprint for place, fingerprint in found if fingerprint}

    def _fingerprint(self, place: str) -> str:
        try:
            with transient("looking at a report"):
                found = self.s3.head_object(Bucket=self.bucket, Key=place)
        except ClientError as error:
            if error_code(error) != "404":
                raise
            return ""
        return str(found["Metadata"].get(_FINGERPRINT, ""))
