"""A ruler's two ends as people click them: read with every mistake told, and a lens's distortion taken out."""

from pathlib import Path

import numpy as np
import pytest

from tasks.errors import InputError
from tasks.surface.cameras.distortion import Bend, bent
from tasks.surface.scale.ruler import Ruler, as_text, check_inside, factor_of, read_ruler, ruler_of
from tests.surface.balls import SCALE, camera

UNIT = 37.0
CAMERAS = {f"{yaw}.jpg": camera(yaw).moved(1 / UNIT, np.eye(3), np.zeros(3)) for yaw in (-30, 0, 20)}
BENDS = dict.fromkeys(CAMERAS, Bend(0.08))
ENDS = np.array([[-40.0, -70, 60], [60, -80, 50]]) / UNIT
MM = float(np.linalg.norm(ENDS[1] - ENDS[0])) * UNIT


def clicked(names: tuple[str, ...] = tuple(CAMERAS)) -> Ruler:
    """Both ends as the photographs, with the lens's distortion, show them."""
    ends = {name: bent(CAMERAS[name].project(ENDS), CAMERAS[name], BENDS[name]) for name in names}
    first = {name: (float(own[0, 0]), float(own[0, 1])) for name, own in ends.items()}
    return Ruler(first, {name: (float(own[1, 0]), float(own[1, 1])) for name, own in ends.items()}, MM)


def lines(ruler: Ruler) -> str:
    rows = [
        f"{name},{ruler.first[name][0]},{ruler.first[name][1]},{ruler.second[name][0]},{ruler.second[name][1]},{ruler.mm}"
        for name in ruler.first
    ]
    return "\n".join(["file,x1,y1,x2,y2,mm", *rows, ""])


def test_a_table_of_clicks_gives_millimetres_through_a_bent_lens(tmp_path: Path) -> None:
    path = tmp_path / "ruler.csv"
    path.write_text(lines(clicked()), encoding="utf-8")
    found = factor_of(read_ruler(path, CAMERAS), CAMERAS, BENDS, settings=SCALE)
    assert found.value == pytest.approx(UNIT, rel=1e-6)
    assert found.low < UNIT < found.high
    assert "on a ruler, clicked in 3 photographs" in found.words
    straight = factor_of(read_ruler(path, CAMERAS), CAMERAS, dict.fromkeys(CAMERAS, Bend()), settings=SCALE)
    assert straight.value != pytest.approx(UNIT, rel=1e-3)


def test_a_photograph_that_has_no_camera_counts_nothing() -> None:
    two = {name: CAMERAS[name] for name in ("-30.jpg", "20.jpg")}
    assert factor_of(clicked(), two, BENDS, settings=SCALE).value == pytest.approx(UNIT, rel=1e-6)
    with pytest.raises(InputError, match="1 of the 3 photographs in which its ends were clicked"):
        factor_of(clicked(), {"0.jpg": CAMERAS["0.jpg"]}, BENDS, settings=SCALE)


def test_references_say_the_same() -> None:
    cells = [
        as_text(name, "ruler_mm " + " ".join(f"{value:.6f}" for value in (*ruler.first[name], *ruler.second[name])), MM)
        for ruler in [clicked()]
        for name in ruler.first
    ]
    ruler = ruler_of(["exocanthion_right exocanthion_left 92", *map(str, cells)])
    assert ruler is not None
    assert factor_of(ruler, CAMERAS, BENDS, settings=SCALE).value == pytest.approx(UNIT, rel=1e-4)
    assert ruler_of(["exocanthion_right exocanthion_left 92"]) is None
    assert as_text("a", "asymmetry_mm", 1.0) is None
    for hostile in ("1.2.3 4 5 6", "1 2 3", "1 2 3 4 5", "٣ 4 5 6", "1e9 2 3 4", ". 1 2 3", "9999999 1 2 3"):
        assert as_text("a", f"ruler_mm {hostile}", 50.0) is None
    with pytest.raises(InputError, match="a ruler in 1 photograph"):
        ruler_of([str(cells[0])])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("file,x1,y1,x2,y2,mm\n1.jpg,1,2,3,4,50\n", "line 2: there is no photograph '1.jpg'"),
        ("file,x1,y1,x2,y2,mm\n0.jpg,1,2,3,4,50\n", "a ruler in 1 photograph; click its ends in 2 or more"),
        ("file,x1,y1,x2,y2,mm\n0.jpg,1,2,3,4,50\n0.jpg,1,2,3,4,50\n", "line 3: 0.jpg stands there twice"),
        ("file,x1,y1,x2,y2,mm\n0.jpg,1,2,3,4,50\n20.jpg,1,2,3,4,60\n", "50 and 60 mm; all lines"),
        ("file,x1,y1,x2,y2,mm\n0.jpg,1,2,3,4,0\n20.jpg,1,2,3,4,0\n", "0 mm between the ends"),
        ("file,x1,y1,x2,y2,mm\n0.jpg,1,2,1,2,50\n20.jpg,1,2,3,4,50\n", "in 0.jpg both ends lie in one place"),
        ("file,x1,y1,x2,y2,mm\n0.jpg,left,2,3,4,50\n", "line 2: x1 "),
        ("file,x1,y1,x2,y2\n0.jpg,1,2,3,4\n", "mm"),
    ],
)
def test_every_mistake_is_told(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "ruler.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_ruler(tmp_path / "ruler.csv", CAMERAS)
    assert told in str(error.value)


def test_a_click_beside_the_photograph_is_told() -> None:
    ruler = clicked()
    beside = ruler._replace(first=dict(ruler.first) | {"0.jpg": (99999.0, 3.0)})
    with pytest.raises(InputError, match="lies outside 0.jpg, which has"):
        factor_of(beside, CAMERAS, BENDS, settings=SCALE)
    sizes = {name: (own.width, own.height) for name, own in CAMERAS.items()}
    check_inside(ruler, sizes)
    with pytest.raises(InputError, match="99999, 3 lies outside 0.jpg, which has"):
        check_inside(beside, sizes)
    check_inside(beside, {name: size for name, size in sizes.items() if name != "0.jpg"})


def exchanged(ruler: Ruler, name: str) -> Ruler:
    return ruler._replace(
        first=dict(ruler.first) | {name: ruler.second[name]}, second=dict(ruler.second) | {name: ruler.first[name]}
    )


def test_ends_that_are_exchanged_in_one_line_are_told_with_the_photograph() -> None:
    for name in CAMERAS:
        with pytest.raises(InputError, match=f"the ruler: its two ends seem to be exchanged in {name}: "):
            factor_of(exchanged(clicked(), name), CAMERAS, BENDS, settings=SCALE)
    two = clicked(("-30.jpg", "20.jpg"))
    with pytest.raises(InputError, match=r"exchanged in one of|goes the other way in -30.jpg than in 20.jpg"):
        factor_of(exchanged(two, "20.jpg"), CAMERAS, BENDS, settings=SCALE)
    level = np.array([[-40.0, 0, 60], [60, 0, 60]]) / UNIT  # along the line of the cameras: their rays cross anyhow
    ends = {name: CAMERAS[name].project(level) for name in two.first}
    own = Ruler({k: tuple(v[0]) for k, v in ends.items()}, {k: tuple(v[1]) for k, v in ends.items()}, 100.0)
    straight = dict.fromkeys(CAMERAS, Bend())
    assert factor_of(own, CAMERAS, straight, settings=SCALE).value == pytest.approx(UNIT)
    with pytest.raises(InputError, match=r"goes the other way in -30.jpg than in 20.jpg: exchanged in one of the two"):
        factor_of(exchanged(own, "20.jpg"), CAMERAS, straight, settings=SCALE)


def test_an_end_that_is_another_place_in_one_photograph_is_told() -> None:
    ruler = clicked()
    x, y = ruler.first["0.jpg"]
    astray = ruler._replace(first=dict(ruler.first) | {"0.jpg": (x, y - 40)})
    with pytest.raises(InputError, match=r"not the same places in every photograph: in .*\.jpg they are \d\d"):
        factor_of(astray, CAMERAS, BENDS, settings=SCALE)


def test_clicks_that_miss_each_other_widen_the_interval() -> None:
    ruler, random = clicked(), np.random.default_rng(5)
    reach = []
    for off in (0.0, 3.0):
        shaken = [
            {name: (x + random.normal(scale=off), y + random.normal(scale=off)) for name, (x, y) in own.items()}
            for own in (ruler.first, ruler.second)
        ]
        found = factor_of(ruler._replace(first=shaken[0], second=shaken[1]), CAMERAS, BENDS, settings=SCALE)
        reach.append(found.high / found.value - 1)
        assert found.low < UNIT < found.high
    assert reach[1] > 1.5 * reach[0]
