import pytest

from afterbill.content.colours import SURFACE, SURFACE_DARK, colour_problem, contrast, ink_on


@pytest.mark.parametrize("colour", ["petrol", "#fff", "#0f5f6b;}", "#0f5f6g", "#0f5f6b\n"])
def test_a_colour_is_six_hexadecimal_digits(colour: str) -> None:
    assert (colour_problem(colour, SURFACE) or "").startswith("must be a colour such as")


@pytest.mark.parametrize(("colour", "surface"), [("#777777", SURFACE), ("#666666", SURFACE_DARK)])
def test_a_colour_too_faint_to_read_is_refused(colour: str, surface: str) -> None:
    assert (colour_problem(colour, surface) or "").startswith("has a contrast of")


def test_a_colour_that_can_be_read_has_no_problem() -> None:
    assert colour_problem("#0f5f6b", SURFACE) is None


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
    assert contrast("#ffffff", "#ffffff") == 1


def test_ink_is_whichever_is_easier_to_read() -> None:
    assert ink_on(SURFACE) == "#000000"
    assert ink_on(SURFACE_DARK) == "#ffffff"
