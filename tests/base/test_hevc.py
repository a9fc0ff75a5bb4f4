"""Whether HEVC ends where its slices do, and the libraries that are asked."""

import io
from typing import Any

import pytest

from tasks.base.whole_files import bundled_libraries, hevc
from tasks.base.whole_files.heif_boxes import coded_items
from tests.base.test_damage import photograph


def units(**options: Any) -> list[bytes]:
    file = io.BytesIO()
    photograph().save(file, "HEIF", **options)
    [found] = coded_items(file.getvalue())
    return found


@pytest.mark.parametrize("parameters", [{}, {"x265:wpp": "0"}, {"x265:slices": "3"}])
@pytest.mark.parametrize("quality", [20, 80])
def test_whole_pictures_end_where_they_should_and_others_do_not(parameters: dict[str, str], quality: int) -> None:
    whole = units(quality=quality, enc_params=parameters)
    assert not hevc.damaged([whole])
    assert not hevc.damaged([whole, whole])
    behind = [*whole[:-1], whole[-1] + b"\0\0\3\0\0\3"]
    assert not hevc.damaged([behind])  # padding that the format allows
    followed, short = [*whole[:-1], whole[-1] + bytes(range(64, 96))], [*whole[:-1], whole[-1][:-4]]
    assert hevc.damaged([followed]) and hevc.damaged([short]) and hevc.damaged([whole, short])


def test_what_lies_in_another_layer_is_not_asked_for_its_end() -> None:
    whole = units(enc_params={"x265:wpp": "0"})
    slices = [unit for unit in whole if unit[0] >> 1 < 32]
    second = [bytes([unit[0], unit[1] | 1 << 3]) + unit[2:] for unit in slices]
    assert second
    assert not hevc.damaged([[*whole, *second]])
    short = [*whole[:-1], whole[-1][:-4]]
    assert hevc.damaged([[*short, *second]])


def test_what_cannot_be_decoded_is_not_called_damaged() -> None:
    sets, pixels = units()[:3], units()[3:]
    assert not hevc.damaged([pixels])  # what should set the decoder up is missing
    assert not hevc.damaged([sets]) and not hevc.damaged([]) and not hevc.damaged([[b"", b"\0"]])


def test_a_library_that_is_not_there_is_named() -> None:
    with pytest.raises(OSError, match="libnothing is not installed: pillow_heif usually brings it"):
        bundled_libraries.library("pillow_heif", "libnothing")
    with pytest.raises(OSError, match="not installed"):
        bundled_libraries.library("no-such-package", "libnothing")
