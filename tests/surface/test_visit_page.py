"""The page of a visit as text: everything stands there, and nothing that came from a file runs."""

import base64
import re
import zlib
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from tasks.errors import InputError
from tasks.space.views import Surface
from tasks.surface.geometry.joining import joined
from tasks.surface.pages import stills
from tasks.surface.pages.contents import Photographed, Shown
from tasks.surface.pages.map_colours import TINTS, UNKNOWN, limit_of, tinted
from tasks.surface.pages.packed_surface import packed
from tasks.surface.pages.visit_page import render_surface_page
from tasks.surface.points.placed_by_hand import read_placed
from tests.surface.drawn import EVIL, ellipsoid, shown

PX, WIDTH = 160, 128


@pytest.fixture(scope="module")
def html() -> str:
    return render_surface_page(shown(across=21), notices=["Drawn " + EVIL], picture_px=40)


def test_all_parts_stand_there(html: str) -> None:
    parts = "short findings turnable pictures symmetry measures refused scale photographs provenance"
    assert [f'id="{name}"' in html for name in parts.split()] == [True] * 10
    words = unescape(re.sub(r"<[^>]+>", " ", html.partition("<script")[0]))
    for said in (
        "37.2 mm",
        "36.1 to 38.3",
        "right 23.1, left 25.6",
        "not a diagnosis",
        "Too few of its points are seen elsewhere.",
        "1 of 2 photographs",
        "No two photographs show it.",
        "off by 1.2",
        "0.41 px",
    ):
        assert said in words
    assert html.count("<img ") == 10


def test_nothing_from_a_file_runs(html: str) -> None:
    assert html.count("<script") == html.count("</script>") == 3
    assert "onerror=alert" not in html.replace("onerror=alert(1)&gt;", "").replace(
        "\\u003cimg src=x onerror=alert(1)>", ""
    )
    assert "‮" not in html
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)
    assert policy
    assert policy[1].startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-")
    assert "unsafe-eval" not in policy[1]


def test_the_same_bytes_again(html: str) -> None:
    assert render_surface_page(shown(across=21), notices=["Drawn " + EVIL], picture_px=40) == html


def test_a_visit_that_was_refused() -> None:
    refused = Shown("visit", "the photographs are of two people", cameras=[Photographed("a.jpg", reason="too few")])
    refused = replace(refused, cameras=[*refused.cameras, Photographed("b.jpg")])
    html = render_surface_page(refused, notices=[], picture_px=PX)
    assert "The photographs are of two people." in html
    assert "<script" not in html
    assert "2 photographs, of which no face was made." in html
    assert "found their place" not in html
    assert html.count("Nothing was found against this photograph.") == 1


def test_a_surface_without_asymmetry_and_points() -> None:
    bare = Shown("visit", surface=ellipsoid(across=20)[0])
    html = render_surface_page(bare, notices=[], picture_px=40)
    assert "fuller on" not in html.partition("<script")[0]
    assert 'id="placing"' not in html


def test_pictures_show_the_side_that_they_say() -> None:
    drawn = stills.stills(shown(across=41), limit=2.0, height=PX)
    assert {image.shape for image in drawn.values()} == {(PX, WIDTH, 3)}

    def of(name: str, channel: int) -> np.ndarray:
        """Where the left eye (blue, 2) or the right one (green, 1) is seen: columns."""
        image = drawn[name].astype(int)
        others = np.delete(image, channel, axis=2).max(axis=2)
        return np.flatnonzero((image[..., channel] - others > 30).any(axis=0))

    left, right = of("front", 2), of("front", 1)
    assert right.max() < WIDTH / 2 < left.min()
    assert len(of("profile, left", 1)) == 0 < len(of("profile, left", 2))
    assert len(of("profile, right", 2)) == 0 < len(of("profile, right", 1))
    assert len(of("rights", 2)) == 0
    assert np.abs(drawn["rights"].astype(int) - drawn["rights"][:, ::-1]).mean() < 1
    nose = (drawn["profile, left"].min(axis=2) < 250).any(axis=0).nonzero()[0].min()
    assert nose < WIDTH * 0.2  # a left profile looks to the left


def test_the_map_is_purple_where_the_left_is_fuller() -> None:
    given = shown(across=41)
    assert given.surface is not None
    assert given.asymmetry is not None
    values = stills.fuller(given)
    cheek = np.argmax(given.asymmetry)
    assert given.surface.vertices[cheek, 0] > 20
    assert values[cheek] == pytest.approx(3.0, abs=0.1)
    assert values.min() > -1e-9  # nowhere is the right fuller
    red, green, blue = tinted(values, limit=4.0)[cheek].astype(int)
    assert blue > red > green
    one = tinted(np.array([np.nan, 0.0, 99.0, -99.0]), limit=4.0)
    assert tuple(one[0]) == UNKNOWN
    assert one[1].min() > 235
    assert (one[2:] == TINTS[[-1, 0]]).all()
    assert [limit_of(np.array([value, np.nan]), np.zeros(2)) for value in (0.5, 3, 40)] == [2, 4, 16]
    assert limit_of(np.array([5.0, 0, 0, 0]), np.array([0.0, -90, -90, -90])) == 8  # ears are even, the nose is not


def test_what_no_photograph_saw_is_hatched() -> None:
    given = shown(across=41)
    assert given.surface is not None
    whole = replace(given.surface, seen=np.ones(len(given.surface.vertices), bool))
    seen = stills.still(whole, whole, 0.0, height=PX).astype(int)
    half = replace(whole, seen=whole.vertices[:, 1] > 0)
    drawn = stills.still(half, whole, 0.0, height=PX).astype(int)
    rows = np.flatnonzero((np.abs(drawn - seen) > 8).any(axis=(1, 2)))
    assert abs(rows.min() - PX / 2) < 8  # the lower half alone
    changed = drawn[rows.min() + 8 : rows.max() - 8, WIDTH // 2]
    assert np.ptp(changed, axis=1).max() == 0  # greys
    assert np.ptp(changed) > 20  # stripes


def test_a_surface_on_one_side_alone_has_an_empty_other_half() -> None:
    given = replace(shown(across=21), origin=np.array([500.0, 0.0, 0.0]))
    drawn = stills.stills(given, limit=2.0, height=40)
    assert drawn["lefts"].min() == 255  # nothing lies to the left of the plane
    assert drawn["rights"].min() < 255


def test_what_a_template_filled_is_told_drawn_and_kept_apart() -> None:
    surface, values = ellipsoid(across=25)
    corners, unseen = np.array([[0, 1, 2]], np.int32), np.zeros(75, bool)
    patch = Surface(surface.vertices[:75] + [0, 0, 5], corners, surface.colours[:75], unseen)
    page = render_surface_page(replace(shown(across=25), filled=patch), notices=(), picture_px=60)
    assert "a model of heads, fitted to the rest, fills it" in page
    assert "No measure counts it" in page
    bare = render_surface_page(shown(across=25), notices=(), picture_px=None)
    assert "fitted to the rest" not in bare
    drawn = stills.still(
        surface, surface, 0.0, height=100, filled=replace(surface, vertices=surface.vertices + [0, 0, 2])
    )
    assert drawn[50, 40, 2] > drawn[50, 40, 0] + 30
    text = packed(joined(surface, patch), np.append(values, np.full(75, np.nan)), measured=len(values))[0]
    seen = np.frombuffer(zlib.decompress(base64.b64decode(text)), np.uint8)[-len(values) - 75 :].cumsum(dtype=np.uint8)
    assert set(seen[len(values) :]) == {2}
    assert set(seen[: len(values)]) == {0, 1}


def test_a_mesh_is_unpacked_as_it_was() -> None:
    surface, values = ellipsoid(across=25)
    values = values.copy()
    values[7] = np.nan
    count = len(surface.vertices)
    text, numbers = packed(surface, values, measured=count)
    data, at = zlib.decompress(base64.b64decode(text)), 0
    columns = []
    for size, length in [(2, count)] * 3 + [(4, surface.faces.size), (2, count)] + [(1, count)] * 4:
        part = np.frombuffer(data, np.uint8, size * length, at).reshape(size, length).T.copy()
        columns.append(np.cumsum(part.view(f"<u{size}")[:, 0], dtype=f"<u{size}"))
        at += size * length
    assert at == len(data)
    places = np.column_stack([own.view("<i2") for own in columns[:3]]) * numbers["step"] + numbers["middle"]
    assert np.abs(places - surface.vertices).max() <= 0.0051
    assert (columns[3].reshape(-1, 3) == surface.faces).all()
    told = columns[4].view("<i2")
    assert told[7] == numbers["unknown"]
    assert np.nanmax(np.abs(told * numbers["value_step"] - values)) <= 0.0051
    assert (np.column_stack(columns[5:8]) == surface.colours).all()
    assert (columns[8] == surface.seen).all()


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffname;x;y;z\r\ntragion_left;68,1;-3;20\r\n",
        "name\tx\ty\tz\ntragion_left\t68,1\t-3\t20\n",
        "z,reason,name,x,y\n20,,tragion_left,68.1,-3\n,a hole,gonion_left,,\n",
    ],
)
def test_placed_points_as_a_spreadsheet_writes_them(tmp_path: Path, content: str) -> None:
    path = tmp_path / "points.csv"
    path.write_text(content, encoding="utf-8")
    found = read_placed(path, ["tragion_left", "gonion_left"])
    assert {name: place.tolist() for name, place in found.items()} == {"tragion_left": [68.1, -3, 20]}


def test_a_file_of_placed_points(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text("name,x,y,z,x_world\r\ntragion_left,68.1,-3,20,5\r\n")
    assert read_placed(path, ["tragion_left"])["tragion_left"].tolist() == [68.1, -3, 20]
    path.write_text("sep=;\n Name;X;Y;Z\n\ntragion_left ;68,1;-3;20\n;;;\n")  # as a spreadsheet program saves it
    assert read_placed(path, ["tragion_left"])["tragion_left"].tolist() == [68.1, -3, 20]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no column name"),
        ("name,x,y,z\n", "no points"),
        ("name,x,y\na,1,2\n", "line 1: no column z"),
        ("name,x,y,z\nb,1,2,3\n", "no point 'b'; the names are a"),
        ("name,x,y,z\na,1,2,3\na,1,2,3\n", "line 3: a stands there twice"),
        ("name,x,y,z\na,1,2,nan\n", "z 'nan' is not a number"),
        ("name,x,y,z\na,1,two,3\n", "y 'two' is not a number"),
        ("name,x,y,z\n\n\na,1,#N/A,3\n", "line 4: y '#N/A' is the spreadsheet's error"),
        ("name,x,y,z\na,1,0_3,3\n", "y '0_3' is not a number"),
        ("name,x,y,z\na,1,2,1e9\n", "at most 1000"),
    ],
)
def test_a_file_that_is_none(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=re.escape(str(path))) as caught:
        read_placed(path, ["a"])
    assert said in str(caught.value)
    with pytest.raises(InputError, match="no such file"):
        read_placed(tmp_path / "none.csv", ["a"])
