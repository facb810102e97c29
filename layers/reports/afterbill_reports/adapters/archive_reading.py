"""The files of the archive as reports read them: listed with their versions, and copied to where DuckDB opens them."""

import shutil
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from afterbill.adapters.aws.clients import error_code, transient
from afterbill.adapters.aws.report_files import AT_ONCE
from afterbill.insight.ports import ArchiveFile
from afterbill_reports.archive.columns import day_of

_FACTS = "facts/"


@dataclass(frozen=True, slots=True)
class S3Copies:
    """Copies of the bucket's files under `folder`, each under its day and its version."""

    s3: Any
    bucket: str
    folder: Path

    def files(self) -> Sequence[ArchiveFile]:
        """List the facts, a thousand days to a call; another file than an archive writes is none."""
        with transient("listing the archive"):
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=_FACTS)
            found = [one for page in pages for one in page.get("Contents", ())]
        listed = (_file(one) for one in found)
        return sorted((file for file in listed if file), key=lambda file: file.day)

    def fetch(self, files: Collection[ArchiveFile]) -> dict[ArchiveFile, Path]:
        """Copy those that are not here yet; one that is gone from the bucket is left out.

        Copies of other versions, and of days that are not wanted, go.
        """
        wanted = {file: self._path(file) for file in files}
        self._tidy(wanted.values())
        absent = [file for file, path in wanted.items() if not path.exists()]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            gone = {file for file, came in zip(absent, pool.map(self._copy, absent), strict=True) if not came}
        return {file: path for file, path in wanted.items() if file not in gone}

    def _path(self, file: ArchiveFile) -> Path:
        return self.folder / Path(file.place).parent / f"{file.version}.parquet"

    def _tidy(self, wanted: Iterable[Path]) -> None:
        kept = set(wanted)
        days = {path.parent for path in kept}
        for folder in self.folder.glob(f"{_FACTS}*"):
            if folder not in days:
                shutil.rmtree(folder)
        for path in self.folder.glob(f"{_FACTS}*/*"):
            if path not in kept:
                path.unlink()

    def _copy(self, file: ArchiveFile) -> bool:
        path = self._path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        try:
            with transient("reading the archive"), part.open("wb") as copy:
                shutil.copyfileobj(self.s3.get_object(Bucket=self.bucket, Key=file.place)["Body"], copy)
        except ClientError as error:
            if error_code(error) != "NoSuchKey":
                raise
            part.unlink()
            return False
        part.replace(path)
        return True


def _file(listed: dict[str, Any]) -> ArchiveFile | None:
    try:
        day = day_of(listed["Key"])
    except (ValueError, IndexError):
        return None
    return ArchiveFile(day, listed["Key"], listed["ETag"].strip('"'), listed["Size"])
