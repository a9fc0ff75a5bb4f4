"""Halves are found wherever they lie, once each, and come as RGB at the asked size."""

from pathlib import Path

import numpy as np
import pytest

from tasks.schemas.ingest import LIPS
from tasks.symmetry import halves as module
from tasks.symmetry.halves import HalvesError, decoded, paired
from tests.symmetry.test_distances import SIZE, lips_row, pairs_table, pictures, png


def test_a_half_that_is_nowhere_is_named() -> None:
    part = LIPS.table([lips_row("a", *pictures(2))])
    with pytest.raises(HalvesError, match=r"1 halves are in no table, the first: \('b', 'right'\)"):
        paired(pairs_table(("ab", "a", "b")), [part], size=SIZE, threads=1)


def test_halves_are_resized_by_area_and_stay_rgb() -> None:
    red = np.zeros((64, 64, 3), np.uint8)
    red[::2, :, 0] = 200
    assert decoded([png(red)], size=SIZE, threads=1)[0, 5, 5].tolist() == [100, 0, 0]


@pytest.mark.parametrize("damaged", [b"", b"not a picture"])
def test_damaged_pictures_are_an_error_of_ours(damaged: bytes) -> None:
    with pytest.raises(HalvesError, match="not a picture"):
        decoded([damaged], size=SIZE, threads=1)


def test_large_arrays_lie_in_a_file_that_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs, part = pairs_table(("aa", "a", "a")), LIPS.table([lips_row("a", *pictures(2))])
    in_memory = paired(pairs, [part], size=SIZE, threads=1)
    monkeypatch.setattr(module, "IN_MEMORY_BYTES", 0)
    mapped = paired(pairs, [part], size=SIZE, threads=1, folder=tmp_path)
    assert isinstance(mapped.halves, np.memmap)
    assert np.array_equal(mapped.halves, in_memory.halves)
    assert not list(tmp_path.iterdir())
