import pytest

from benchmarks.units import index_units, item_bytes, read_units, table_units, write_units

KEYS = {"pk": {"S": "a"}, "sk": {"S": "b"}}
INDEX = {
    "KeySchema": [{"AttributeName": "day"}, {"AttributeName": "at"}],
    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["rating"]},
}


def item(**texts: str):
    return KEYS | {name: {"S": text} for name, text in texts.items()}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "müll"}, 5),
        ({"N": "1234"}, 3),
        ({"N": "-12.5"}, 4),
        ({"N": "0"}, 1),
        ({"BOOL": True}, 1),
        ({"M": {"ab": {"S": "c"}}}, 7),
        ({"L": [{"S": "ab"}, {"N": "7"}]}, 9),
    ],
)
def test_an_item_is_as_large_as_its_names_and_values(value, size):
    assert item_bytes({"name": value}) == len("name") + size


def test_the_larger_image_is_charged_by_started_kilobytes():
    assert table_units(item(text="x"), item(text="x" * 2000)) == 2
    assert table_units(item(text="x" * 2000), item(text="x")) == 2


def test_a_write_without_effect_costs_one_unit():
    assert table_units(None, None) == 1


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, item(day="1"), 0),
        (None, item(day="1", at="2"), 1),
        (item(day="1", at="2"), item(day="1", at="2", comment="good"), 0),
        (item(day="1", at="2"), item(day="1", at="2", rating="9"), 1),
        (item(day="1", at="2"), item(day="3", at="2"), 2),
        (item(day="1", at="2"), None, 1),
    ],
    ids=["no key", "enters", "not projected", "projected", "moves", "leaves"],
)
def test_an_index_is_charged_for_what_it_shows(before, after, units):
    assert index_units(before, after, INDEX) == units


def test_a_write_pays_for_the_table_and_every_index():
    assert write_units(None, item(day="1", at="2"), [INDEX, INDEX]) == 3


def test_reading_is_charged_by_started_four_kilobytes():
    large = item(text="x" * 5000)

    assert read_units([large], together=False, consistent=True) == 2
    assert read_units([large], together=False, consistent=False) == 1


def test_a_query_is_charged_for_its_items_together_and_a_batch_for_each():
    items = [item(text="x")] * 3

    assert read_units(items, together=True, consistent=True) == 1
    assert read_units(items, together=False, consistent=True) == 3


def test_finding_nothing_is_charged_too():
    assert read_units([], together=True, consistent=False) == 0.5
