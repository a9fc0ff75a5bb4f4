"""`vermilion measure` and `vermilion norms` on drawn faces: what is written, what is refused, and how that is said."""

import csv
import json
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from flows import PROJECT
from flows.photographs import measure as measuring
from flows.photographs.measured import DONE, looks
from tasks.anthropometry.measures.catalogue import MEASURES
from tasks.anthropometry.profiles.measures import PROFILE_BY_NAME
from tasks.base import tables
from tasks.base.images import encode_png
from tasks.schemas.anthropometry import MEASURED_PHOTOGRAPHS
from tasks.schemas.norms import NORMS
from tests.anthropometry.drawn import face
from tests.here import vermilion
from tests.ingest import sideways

OWN = """
measures:
  - name: tip_height
    words: tip above the base
    unit: interocular
    formula: { height: [subnasale, pronasale] }
"""


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two drawn faces, one with a cleft, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("photographs")
    (folder / "even.png").write_bytes(encode_png(face(1)[0]))
    (folder / "cleft.png").write_bytes(encode_png(face(1, 0.9, "left")[0]))
    (folder / "not-a-picture.png").write_bytes(b"text")
    return folder


def test_a_folder_becomes_a_table_and_pages(photographs: Path, tmp_path: Path) -> None:
    out, table, own = tmp_path / "pages", tmp_path / "measures.parquet", tmp_path / "own.yaml"
    own.write_text(OWN, encoding="utf-8")
    words = ["measure", str(photographs), "--out", str(out), "--table", str(table), "--own", str(own)]
    done = vermilion(PROJECT, *words)
    assert done.returncode == 1  # one of them is no picture
    assert "not-a-picture.png: not measured" in done.stdout
    rows = tables.read(table, MEASURED_PHOTOGRAPHS).to_pylist()
    assert len(rows) == 2 * (len(MEASURES) + 1) + 1
    peak = {Path(row["photograph"]).stem: row["value"] for row in rows if row["measure"] == "peak_height_difference"}
    assert peak["cleft"] > 2 * peak["even"]
    why = Counter(row["reason"] for row in rows if row["photograph"].endswith("even.png") and row["reason"])
    assert why  # a drawn face lacks something
    for reason, number in why.most_common(2):
        assert f"{number} measure{'s' * (number > 1)} not taken: {reason}" in done.stdout
    assert all(row["value"] is not None for row in rows if row["measure"] == "tip_height")
    pages = sorted(out.glob("*.html"))
    assert len(pages) == 3
    assert {path.stat().st_mode & 0o077 for path in [*pages, table]} == {0}
    assert "tip above the base" in pages[0].read_text()


def test_of_two_faces_the_one_that_is_named_is_measured_and_its_page_says_so(tmp_path: Path) -> None:
    photo, out = tmp_path / "both.png", tmp_path / "out"
    photo.write_bytes(encode_png(np.hstack([face(1)[0], face(2, 0.9, "left")[0]])))
    refused = vermilion(PROJECT, "measure", str(photo))
    assert refused.returncode == 1
    assert "2 faces found, one wanted" in refused.stdout and "--face largest, --face 1, --face 2" in refused.stdout
    found = {}
    for which in ("1", "2"):
        done = vermilion(PROJECT, "measure", str(photo), "--face", which, "--out", str(out), "--alone", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        [record] = json.loads(done.stdout)
        assert record["face"] == f"face {which} of 2, counted from the left"
        [page] = out.glob(f"both-*-face{which}.html")
        assert f"Of several faces: face {which} of 2" in page.read_text(encoding="utf-8")
        found[which] = next(row["value"] for row in record["measures"] if row["measure"] == "peak_height_difference")
    assert found["2"] > 2 * found["1"]
    assert len(list(out.glob("*.html"))) == 2
    vermilion(PROJECT, "measure", str(photo), "--out", str(out), "--alone")  # refused: it takes nothing away
    again = vermilion(PROJECT, "measure", str(photo), "--face", "2", "--out", str(out), "--alone")
    assert "1 of 1 photograph measured by an earlier call" in again.stderr
    rows = tables.read(out / "measures.parquet", MEASURED_PHOTOGRAPHS).to_pylist()
    assert Counter(row["face"] for row in rows) == {
        f"face {which} of 2, counted from the left": len(MEASURES) for which in (1, 2)
    }
    assert "no face 3" in vermilion(PROJECT, "measure", str(photo), "--face", "3").stdout
    assert "largest, or a number from 1" in vermilion(PROJECT, "measure", str(photo), "--face", "both").stderr


def film(path: Path, pictures: list[np.ndarray], *, rate: float = 10.0) -> Path:
    height, width = pictures[0].shape[:2]
    video = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, (width, height))
    for picture in pictures:
        video.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    video.release()
    return path


def test_a_clip_becomes_a_page_with_plots_and_a_table_of_its_frames(tmp_path: Path) -> None:
    even, cleft = face(1)[0], face(1, 0.9, "left")[0]
    clip = film(tmp_path / "speech.avi", [even, even, cleft, np.full_like(even, 128), cleft])
    (tmp_path / "broken.avi").write_bytes(b"RIFF\1\0\0\0AVI nothing else")
    (tmp_path / "cut.avi").write_bytes(clip.read_bytes()[:-1000])
    out, broken = tmp_path / "out", [str(tmp_path / "broken.avi"), str(tmp_path / "cut.avi")]
    words = ["measure", str(clip), *broken, "--out", str(out), "--frames", "5"]
    done = vermilion(PROJECT, *words)
    assert done.returncode == 1
    assert "speech.avi: 4 of 5 frames, 0.4 s; " in done.stdout
    assert "broken.avi: not measured: no frame of this clip could be decoded" in done.stdout
    assert "cut.avi: not measured: damaged clip: it ends early, 1,000 bytes are missing" in done.stdout
    assert "@ 0x" not in done.stderr
    [page] = out.glob("cut-*.html")
    assert "1,000 bytes are missing" in page.read_text(encoding="utf-8")
    [page] = out.glob("speech-*.html")
    assert "1 frame: no face found" in page.read_text(encoding="utf-8")
    with page.with_suffix(".csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * len(MEASURES) + 1
    assert [float(row["time_s"]) for row in rows if row["reason"] == "no face found"] == [0.3]
    peaks = {row["frame"]: float(row["value"]) for row in rows if row["measure"] == "peak_height_difference"}
    assert min(peaks["2"], peaks["4"]) > 2 * max(peaks["0"], peaks["1"])
    means = tables.read(out / "measures.parquet", MEASURED_PHOTOGRAPHS).to_pylist()
    [mean] = [row["value"] for row in means if row["measure"] == "peak_height_difference"]
    assert mean == pytest.approx(np.mean([*peaks.values()]), rel=0.2)  # an even face may name either side
    assert page.with_suffix(".csv").stat().st_mode & 0o077 == 0
    again = vermilion(PROJECT, *words)
    assert "1 of 3 photographs measured by an earlier call" in again.stderr
    assert "speech.avi: 4 of 5 frames" in again.stdout


def test_pdfs_lie_beside_the_pages_and_are_made_where_they_lack(photographs: Path, tmp_path: Path) -> None:
    words = ["measure", str(photographs), "--out", str(tmp_path / "out"), "--alone"]
    vermilion(PROJECT, *words)
    assert not list((tmp_path / "out").glob("*.pdf"))
    done = vermilion(PROJECT, *words, "--pdf")
    assert "by an earlier call" not in done.stderr
    made = sorted((tmp_path / "out").glob("*.pdf"))
    assert [path.with_suffix(".html") for path in made] == sorted((tmp_path / "out").glob("*.html"))
    assert len(made) == 3 and {path.stat().st_mode & 0o077 for path in made} == {0}
    assert all(path.read_bytes().startswith(b"%PDF-") for path in made)
    assert "2 of 3 photographs measured by an earlier call" in vermilion(PROJECT, *words, "--pdf").stderr
    named = tmp_path / "\u5317 $x_1$.png"  # a letter that no type here has, and what could be a formula
    named.write_bytes((photographs / "even.png").read_bytes())
    done = vermilion(PROJECT, "measure", str(named), "--out", str(tmp_path / "named"), "--alone", "--pdf")
    assert done.returncode == 0 and "Glyph" not in done.stderr and len(list((tmp_path / "named").glob("*.pdf"))) == 1


def test_a_clip_is_not_measured_in_profile(tmp_path: Path) -> None:
    clip = film(tmp_path / "speech.avi", [face(1)[0]])
    done = vermilion(PROJECT, "measure", str(clip), "--view", "left")
    assert done.returncode == 2
    assert "speech.avi: a clip; in profile (--view left) only photographs are measured" in done.stderr


def test_an_interrupted_folder_goes_on_where_it_stopped(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, measured = measuring.measure, list[str]()

    def until_the_second(path: Path, ready: measuring.Ready) -> measuring.Measured:
        measured.append(path.name)
        if len(measured) == 2:
            raise KeyboardInterrupt
        return whole(path, ready)

    monkeypatch.setattr(measuring, "measure", until_the_second)
    words = ["measure", str(photographs), "--out", str(tmp_path / "out")]
    stopped = vermilion(PROJECT, *words)
    assert stopped.returncode == 130
    assert "interrupted: 1 of 3 photographs measured" in stopped.stderr
    assert set(of_the_table(tmp_path / "out")) == {"cleft.png"}
    with (tmp_path / "out" / DONE).open("ab") as file:  # lines that nobody wrote are none
        file.write(b'\xff\n[]\n{"a": 1}\n')
    goes_on = vermilion(PROJECT, *words)
    assert goes_on.returncode == 1
    assert "1 of 3 photographs measured by an earlier call" in goes_on.stderr
    assert measured == ["cleft.png", "even.png", "even.png", "not-a-picture.png"]
    assert of_the_table(tmp_path / "out") == {"cleft.png": None, "even.png": None, "not-a-picture.png": "no picture"}
    (page,) = (tmp_path / "out").glob("even-*.html")
    trained = (PROJECT / "data/evaluation/scores.parquet").exists()
    assert ("the other systems</dt><dd>cannot be asked" in page.read_text()) is not trained
    vermilion(PROJECT, *words, "--cleft-side", "left")  # with other settings all are measured again
    assert measured[4:] == ["cleft.png", "even.png", "not-a-picture.png"]


def test_photographs_measured_one_by_one_into_a_folder_are_all_in_its_tables(photographs: Path, tmp_path: Path) -> None:
    """`--table` has what one call was asked for; with other settings the tables begin anew."""
    out, one = tmp_path / "out", tmp_path / "one.csv"
    for name in ("even.png", "cleft.png"):
        vermilion(PROJECT, "measure", str(photographs / name), "--out", str(out), "--alone", "--table", str(one))
    assert of_the_table(out) == {"even.png": None, "cleft.png": None}
    assert "even.png" not in one.read_text("utf-8-sig") and "cleft.png" in one.read_text("utf-8-sig")
    vermilion(PROJECT, "measure", str(photographs / "even.png"), "--out", str(out), "--alone", "--cleft-side", "left")
    assert of_the_table(out) == {"even.png": None}


def of_the_table(folder: Path) -> dict[str, str | None]:
    """Photographs of measures.parquet, and why they were refused; the CSV has the same rows."""
    rows = tables.read(folder / "measures.parquet", MEASURED_PHOTOGRAPHS).to_pylist()
    assert len((folder / "measures.csv").read_text("utf-8-sig").splitlines()) == len(rows) + 1
    refused = {Path(row["photograph"]).name: row["reason"] and "no picture" for row in rows if not row["measure"]}
    return dict.fromkeys(Path(row["photograph"]).name for row in rows) | refused


def test_a_known_scale_gives_millimetres(photographs: Path) -> None:
    photo = str(photographs / "even.png")
    found = json.loads(vermilion(PROJECT, "measure", photo, "--mm-per", "0.5", "--json").stdout)[0]["measures"]
    pupils = next(row for row in found if row["measure"] == "pupil_distance")
    other = json.loads(vermilion(PROJECT, "measure", photo, "--ruler", "0,0,100,0,50", "--json").stdout)[0]["measures"]
    ruled = next(row for row in other if row["measure"] == "pupil_distance")
    assert ruled["mm"] == pytest.approx(pupils["mm"])
    assert ruled["mm_high"] > pupils["mm_high"]


def test_a_profile_has_its_measures_and_page_and_the_wrong_view_its_reason(photographs: Path, tmp_path: Path) -> None:
    side, out, table = tmp_path / "side.png", tmp_path / "pages", tmp_path / "measures.parquet"
    side.write_bytes(encode_png(sideways.head()))
    words = ["--view", "left", "--out", str(out), "--table", str(table), "--pdf"]
    done = vermilion(PROJECT, "measure", str(side), str(photographs / "even.png"), *words)
    assert done.returncode == 1
    assert "side.png: 9 measures of 9" in done.stdout
    assert "even.png: not measured: the face is seen from the front, but its view is called left" in done.stdout
    rows = [row for row in tables.read(table, MEASURED_PHOTOGRAPHS).to_pylist() if row["photograph"] == str(side)]
    assert {row["measure"] for row in rows} == set(PROFILE_BY_NAME)
    refused, page = (path.read_text() for path in sorted(out.glob("*.html")))  # even, side
    assert "norms" not in done.stdout  # there are none for profiles
    assert "Ricketts" in page and "<polyline" in page and "nasolabial angle" in page
    assert "seen from the front" in refused
    assert {path.stem for path in out.glob("*.pdf")} == {path.stem for path in out.glob("*.html")}
    assert "Not asked" not in page  # no default rule of a profile goes by norms
    own = tmp_path / "rules.yaml"
    own.write_text("rules:\n  - {measure: nasolabial_angle, beyond_sd: 2, finding: Wide, source: me}\n")
    vermilion(PROJECT, "measure", str(side), "--view", "left", "--rules", str(own), "--out", str(tmp_path / "own"))
    (page_of_own,) = (tmp_path / "own").glob("side-*.html")
    assert "Not asked, for want of norms: the rule for nasolabial angle." in page_of_own.read_text(encoding="utf-8")
    _against_norms(side, table, tmp_path)
    front = vermilion(PROJECT, "measure", str(side))
    assert "side.png: not measured: the face is in profile, not from the front: its view is left" in front.stdout


def _against_norms(side: Path, table: Path, folder: Path) -> None:
    """Norms of profiles, where somebody has them, stand beside each measure."""
    rows = [row for row in tables.read(table, MEASURED_PHOTOGRAPHS).to_pylist() if row["photograph"] == str(side)]
    of = {"gender": "all", "age_group": "all", "people": 30, "sd": 0.1, "reason": None}
    made = [
        of
        | {"measure": row["measure"], "unit": row["unit"], "mean": row["value"]}
        | {"p05": row["value"] - 0.2, "p95": row["value"] + 0.2}
        for row in rows
    ]
    tables.write(NORMS.table(made), folder / "norms.parquet", NORMS, provenance={})
    words = ["--view", "left", "--norms", str(folder / "norms.parquet"), "--out", str(folder / "against")]
    assert vermilion(PROJECT, "measure", str(side), *words).returncode == 0
    (page,) = (folder / "against").glob("*.html")
    assert page.read_text().count('class="normbar"') == len(PROFILE_BY_NAME)
    assert "Norms are those of norms.parquet, 30 people" in page.read_text()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--ruler", "1,2,3"], "five numbers expected"),
        (["--ruler", "1,2,1,2,30"], "the ruler's points lie 0.0 pixels apart"),
        (["--mm-per", "0"], "a number above 0 is needed"),
        (["--mm-per", "1", "--ruler", "1,2,3,4,5"], "give one of them"),
        (["--view", "up"], "frontal, left or right"),
        (["--cleft-side", "both"], "left or right, the patient's own"),
        (["--own", "none.yaml"], "none.yaml: No such file"),
        (["--rules", "none.yaml"], "none.yaml: No such file"),
        (["--norms", "none.parquet"], "`vermilion norms` writes one"),
        (["--table", "measures.txt"], "measures.txt: a table is written as .csv, .xlsx or .parquet"),
        (["--norms", __file__], "not a Parquet file (text and spreadsheets are for reading); `vermilion norms"),
        (["--view", "left", "--own", "own.yaml"], "--own: for faces from the front"),
        (["--view", "right", "--cleft-side", "left", "--own", "o.yaml"], "--own, --cleft-side: for faces from"),
        ([""], "an empty word stands on the command line"),
        (["--out", ""], "an empty word stands after --out"),
        (["--pdf"], "--pdf: no folder for it; name one with --out"),
        (["--table="], "an empty word stands after --table"),
    ],
)
def test_what_cannot_be_used_is_one_line(words: list[str], told: str, photographs: Path) -> None:
    done = vermilion(PROJECT, "measure", str(photographs / "even.png"), *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_folder_has_no_common_ruler(photographs: Path) -> None:
    done = vermilion(PROJECT, "measure", str(photographs), "--ruler", "0,0,100,0,50")
    assert done.returncode == 2
    assert "call `vermilion measure` for each" in done.stderr


def test_norms_of_too_few_people_say_so(photographs: Path, tmp_path: Path) -> None:
    table, out = tmp_path / "m.parquet", tmp_path / "norms.parquet"
    vermilion(PROJECT, "measure", str(photographs), "--table", str(table))
    done = vermilion(PROJECT, "norms", str(table), "--out", str(out))
    assert done.returncode == 1
    assert "0 measures of 2 people" in done.stdout and "20 people are needed for each" in done.stdout + done.stderr
    assert "a norm needs 20" in tables.read(out, NORMS)["reason"].to_pylist()[0]


def test_pages_are_made_again_when_they_would_look_otherwise(tmp_path: Path) -> None:
    for name in ("page.html.j2", "style.css", "page.js"):
        (tmp_path / "deep").mkdir(exist_ok=True)
        (tmp_path / "deep" / name).write_text("a")
        before = looks(tmp_path)
        assert looks(tmp_path) == before
        (tmp_path / "deep" / name).write_text("b")
        assert looks(tmp_path) != before


def test_norms_need_a_table_of_measures(tmp_path: Path) -> None:
    text = vermilion(PROJECT, "norms", __file__, "--out", str(tmp_path / "n.csv"))
    assert (text.returncode, "not a Parquet file" in text.stderr) == (2, True)
    done = vermilion(PROJECT, "norms", str(tmp_path / "none.parquet"), "--out", str(tmp_path / "n.csv"))
    assert done.returncode == 2
    assert "there is no table of measures" in done.stderr
