"""The archive's bucket, its tables for Athena, and the engine that writes and reads it."""

import re
from datetime import date
from importlib.metadata import files
from pathlib import PurePosixPath

import pytest

from afterbill_reports.archive.columns import COMMENTS, FACTS, place
from tests.infra.reading import FUNCTIONS, OfOne, OfType, Resource, allowing

KINDS = {
    "VARCHAR": "string",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "VARCHAR[]": "array<string>",
    "MAP(VARCHAR, VARCHAR)": "map<string,string>",
    "BIGINT": "bigint",
    "INTEGER": "int",
    "BOOLEAN": "boolean",
}
"""The types of Athena by those of DuckDB that are written for them."""
OLDEST_GLIBC = (2, 26)
"""Lambda runs Python 3.11 on Amazon Linux 2, which has this C library; 3.12 and 3.13 run on 2023, which has 2.34."""
TABLES = [("FactsTable", "facts", FACTS), ("CommentsTable", "comments", COMMENTS)]


class TestBucket:
    def test_it_outlives_the_stack(self, template: Resource) -> None:
        for name in ("ArchiveBucket", "ArchiveBucketPolicy"):
            assert template["Resources"][name]["DeletionPolicy"] == "RetainExceptOnCreate"
            assert template["Resources"][name]["UpdateReplacePolicy"] == "Retain"

    def test_it_is_as_closed_as_that_of_the_copies(self, properties: OfOne) -> None:
        archive, evidence = properties("ArchiveBucket"), properties("EvidenceBucket")
        [refusal] = properties("ArchiveBucketPolicy")["PolicyDocument"]["Statement"]

        for rule in ("BucketEncryption", "PublicAccessBlockConfiguration", "OwnershipControls"):
            assert archive[rule] == evidence[rule]
        assert "VersioningConfiguration" not in archive
        assert (refusal["Effect"], refusal["Action"], refusal["Principal"]) == ("Deny", "s3:*", "*")
        assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}

    def test_answers_to_questions_end_after_a_day_and_the_archive_never_by_age(self, properties: OfOne) -> None:
        """A day is rewritten for years: the age of its file says nothing."""
        rules = properties("ArchiveBucket")["LifecycleConfiguration"]["Rules"]
        expiring = {one["Prefix"]: one["ExpirationInDays"] for one in rules if "ExpirationInDays" in one}

        assert expiring == {"asked/": 1, "exports/": 1, "queries/": 1}

    def test_each_function_reaches_its_own_folders(self, properties: OfOne) -> None:
        def folders(action: str) -> dict[str, list[str]]:
            found = {name: allowing(properties(f"{name}Role"), action) for name in FUNCTIONS}
            return {name: sorted(at for one in parts for at in named(one)) for name, parts in found.items() if parts}

        written = folders("s3:PutObject")
        written.pop("CaptureEvent", None)
        assert written == {
            "ArchiveFacts": ["comments", "facts"],
            "CheckHealth": ["console"],
            "ComputeReports": ["asked", "reports"],
            "ReadReports": ["exports"],
        }
        assert folders("s3:GetObject") == {
            "ArchiveFacts": ["facts"],
            "ComputeReports": ["asked", "facts", "reports"],
            "ReadReports": ["asked", "exports", "reports"],
            "CheckHealth": ["asked", "console", "reports"],
            "NotifyOperators": ["asked", "console", "reports"],
            "ShowConsole": ["asked", "console", "reports"],
        }


def named(statement: Resource) -> list[str]:
    resource = statement["Resource"]
    listed = resource if isinstance(resource, list) else [resource]
    return [PurePosixPath(one["Fn::Sub"]).parts[1] for one in listed]


class TestTables:
    @pytest.mark.parametrize(("logical", "dataset", "columns"), TABLES)
    def test_they_have_the_columns_of_the_files(
        self, properties: OfOne, logical: str, dataset: str, columns: dict[str, str]
    ) -> None:
        table = properties(logical)["TableInput"]
        written = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}

        assert table["Name"] == dataset
        assert list(written.items()) == [(name, KINDS[kind]) for name, kind in columns.items()]

    @pytest.mark.parametrize(("logical", "dataset"), [one[:2] for one in TABLES])
    def test_days_are_computed_from_their_names(self, properties: OfOne, logical: str, dataset: str) -> None:
        table = properties(logical)["TableInput"]
        rules = table["Parameters"]
        folder = rules["storage.location.template"]["Fn::Sub"].removeprefix("s3://${ArchiveBucket}/")

        assert table["PartitionKeys"] == [{"Name": "day", "Type": "date"}]
        assert (rules["projection.enabled"], rules["projection.day.type"]) == ("true", "date")
        assert rules["projection.day.format"] == "yyyy-MM-dd"
        assert place(dataset, date(2026, 11, 22)).startswith(folder.replace("${!day}", "2026-11-22"))
        assert table["StorageDescriptor"]["Location"] == {"Fn::Sub": f"s3://${{ArchiveBucket}}/{dataset}/"}

    def test_a_day_that_has_begun_somewhere_is_found(self, properties: OfOne) -> None:
        """NOW is that of UTC, and in Auckland it is tomorrow already."""
        for logical, _, _ in TABLES:
            first, last = properties(logical)["TableInput"]["Parameters"]["projection.day.range"].split(",")
            assert (first, last) == ("2020-01-01", "NOW+1DAYS")

    def test_the_workgroup_decides_where_results_go_and_how_much_is_read(self, properties: OfOne) -> None:
        rules = properties("ArchiveWorkGroup")["WorkGroupConfiguration"]

        assert rules["EnforceWorkGroupConfiguration"] is True
        assert rules["ResultConfiguration"]["OutputLocation"] == {"Fn::Sub": "s3://${ArchiveBucket}/queries/"}
        assert rules["BytesScannedCutoffPerQuery"] == 10_000_000_000
        assert rules["EngineVersion"] == {"SelectedEngineVersion": "Athena engine version 3"}


class TestEngine:
    def test_only_what_needs_it_carries_it(self, of_type: OfType) -> None:
        layers = {name: one.get("Layers", []) for name, one in of_type("AWS::Serverless::Function").items()}
        carrying = [name for name, named in layers.items() if {"Ref": "ReportsLayer"} in named]

        assert carrying == ["ArchiveFactsFunction", "ComputeReportsFunction"]

    def test_it_has_room_beside_the_memory(self, properties: OfOne) -> None:
        assert properties("ComputeReportsFunction")["EphemeralStorage"] == {"Size": 2048}

    def test_it_runs_on_the_oldest_system_of_lambda(self) -> None:
        """A wheel for a newer C library would be refused at the first import, in AWS alone."""
        [wheel] = [one for one in files("duckdb") or () if one.name == "WHEEL"]
        tags = re.findall(r"manylinux_(\d+)_(\d+)_", wheel.read_text())
        if not tags:
            pytest.skip("this machine has another system than Lambda, and a wheel for it")

        assert min((int(major), int(minor)) for major, minor in tags) <= OLDEST_GLIBC
