"""The table of billing systems is what the connectors say of themselves."""

import re

import pytest

from afterbill.connectors import registry
from afterbill.model.billing import Touchpoint
from afterbill_dev.generate import sources_table
from tests.unit.docs.pages import ROOT, read


def test_the_table_of_sources_is_up_to_date():
    """`.venv/bin/python -m afterbill_dev.generate.sources_table` writes it."""
    assert sources_table.rewritten(read("docs/sources.md")) == read("docs/sources.md")


@pytest.mark.parametrize("provider", registry.PROVIDERS)
def test_every_source_has_a_row_and_a_page(provider):
    assert f"(providers/{provider}.md)" in sources_table.sources()
    assert (ROOT / "docs/providers" / f"{provider}.md").is_file()


def test_touchpoints_are_those_of_the_samples_also_where_only_the_api_tells():
    assert Touchpoint.RENEWED in sources_table.touchpoints("stripe")
    assert Touchpoint.PAYMENT_SUCCEEDED in sources_table.touchpoints("xero")


def test_only_what_stands_between_the_markers_is_written(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before {sources_table.BEGIN} old {sources_table.END} after", encoding="utf-8")

    assert sources_table.main(page) == 0
    assert re.fullmatch(r"before <!--.*-->\n\n\|.*\|\n\n.*\n\n<!--.*--> after", page.read_text("utf-8"), re.DOTALL)


def test_the_readme_counts_and_names_the_billing_systems():
    readme = read("README.md")

    assert f"{len(registry.PROVIDERS)} billing systems" in readme.replace("nineteen", "19")
    assert [provider for provider in registry.PROVIDERS if registry.load(provider).ABOUT.title not in readme] == []
