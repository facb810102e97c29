"""The table of sources in the README is what the provider modules say of themselves."""

import re

import pytest

from afterbill.connectors import registry
from afterbill.model.billing import Touchpoint
from afterbill_dev.generate import readme_table
from tests.unit.docs.pages import ROOT, read


def test_the_table_of_sources_is_up_to_date():
    """`.venv/bin/python -m afterbill_dev.generate.readme_table` writes it."""
    assert readme_table.rewritten(read("README.md")) == read("README.md")


@pytest.mark.parametrize("provider", registry.PROVIDERS)
def test_every_source_has_a_row_and_a_page(provider):
    assert f"(docs/connectors/{provider}.md)" in readme_table.sources()
    assert (ROOT / "docs/connectors" / f"{provider}.md").is_file()


def test_touchpoints_are_those_of_the_samples_also_where_only_the_api_tells():
    assert Touchpoint.RENEWED in readme_table.touchpoints("stripe")
    assert Touchpoint.PAYMENT_SUCCEEDED in readme_table.touchpoints("xero")


def test_only_what_stands_between_the_markers_is_written(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before {readme_table.BEGIN} old {readme_table.END} after", encoding="utf-8")

    assert readme_table.main(page) == 0
    assert re.fullmatch(r"before <!--.*-->\n\n\|.*\|\n\n<!--.*--> after", page.read_text("utf-8"), re.DOTALL)


def test_the_readme_counts_its_sources():
    assert f"{len(registry.PROVIDERS)} billing systems" in read("README.md").replace("nineteen", "19")
