"""Babel's data in the layer."""

from pathlib import Path

from afterbill_dev.setup.prune_babel import prune


def layer(folder: Path, *names: str) -> Path:
    data = folder / "babel/locale-data"
    data.mkdir(parents=True)
    for name in names:
        (data / name).touch()
    return folder


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "babel/locale-data").iterdir())


def test_languages_with_a_catalog_stay_with_all_their_regions(tmp_path: Path) -> None:
    locales = tmp_path / "locales"
    locales.mkdir()
    for name in ("de.toml", "de-informal.toml", "pt-BR.toml"):
        (locales / name).touch()
    built = layer(
        tmp_path / "layer",
        *("de.dat", "de_CH.dat", "den.dat", "pt.dat", "pt_PT.dat", "ja.dat", "ja_JP.dat"),
        *("root.dat", "en.dat", "en_GB.dat", "LICENSE.unicode"),
    )
    assert prune(built, locales) == 3
    assert left(built) == [
        *("LICENSE.unicode", "de.dat", "de_CH.dat", "en.dat", "en_GB.dat", "pt.dat", "pt_PT.dat", "root.dat")
    ]
    assert prune(built, locales) == 0


def test_a_layer_without_babel_is_left_alone(tmp_path: Path) -> None:
    assert prune(tmp_path, tmp_path) == 0
