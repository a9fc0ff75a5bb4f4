"""Which photographs a rater is asked about."""

import pyarrow as pa
import pytest

from tasks.ingest.ratings.forms import lacking

RATINGS = pa.table({name: pa.array([], pa.string()) for name in ("image_id", "rater_id", "scale")})


@pytest.mark.parametrize(("view", "asked"), [(None, True), ("frontal", True), ("left", False), ("around", False)])
def test_scales_are_about_faces_from_the_front(view: str | None, asked: bool) -> None:
    row = {"image_id": "a", "kind": "still", "view": view, "population": "repaired", "names": ["one.jpg"]}
    rows = lacking(pa.Table.from_pylist([row]), RATINGS, rater="anna", role="lay", scale="CARS", controls=False)
    assert [own["path"] for own in rows] == ["one.jpg"] * asked
