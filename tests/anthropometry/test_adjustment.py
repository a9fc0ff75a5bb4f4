"""The adjustment that corrections teach: what it finds, when it is used, whom it forgets, and which version counts."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tasks.anthropometry.from_people import adjustment, corrections, versions
from tasks.anthropometry.from_people.adjustment import Learned
from tasks.anthropometry.from_people.corrections import CorrectionsError, Said
from tasks.anthropometry.from_people.versions import Version
from tasks.anthropometry.names import INDEX
from tasks.errors import InputError
from tasks.ingest.raw_folders.removal import rows_with, without
from tasks.params.anthropometry import AnthropometryAdjust
from tests.anthropometry.template import mirrored, moved, table_of, template, uneven

SETTINGS = AnthropometryAdjust(shrink=2, people=5)
PEOPLE = 12
Places = dict[str, tuple[float, float]]


def places(number: int, **by: tuple[float, float]) -> Places:
    """Where a person puts points of the uneven face `number`: by so many pixels right and down of the model's."""
    own = uneven(number, size=2).points
    return {name: (float(own[INDEX[name]][0] + x), float(own[INDEX[name]][1] + y)) for name, (x, y) in by.items()}


def table(people: int = PEOPLE) -> pa.Table:
    """One photograph of each person."""
    rows = [table_of({f"i{number}": uneven(number, size=2)}, subject_id=f"s{number}") for number in range(people)]
    return pa.concat_tables(rows)


def keep(folder: Path, by_image: dict[int, Places], at: str = "2026-01-01T00:00:00.000Z") -> None:
    for number, own in by_image.items():
        for name, place in own.items():
            corrections.keep(folder, Said(at, "anna", f"i{number}", name, "moved", place), None)


def learned(folder: Path, people: int = PEOPLE) -> dict[str, Learned]:
    found = adjustment.learn(table(people), corrections.kept(folder), settings=SETTINGS)
    return {one.kind: one for one in found}


def shifted(number: int) -> Places:
    """The peaks of this model lie 6 px too low and 2 too far in, the chin 5 too high; people err by half a pixel."""
    left, right, chin = np.random.default_rng(number).normal(0, 0.5, (3, 2))
    return places(
        number,
        crista_philtri_left=(2 + left[0], -6 + left[1]),
        crista_philtri_right=(-2 + right[0], -6 + right[1]),
        menton=(chin[0], 5 + chin[1]),
    )


def test_a_steady_error_is_found_and_taken_from_faces_that_nobody_corrected(tmp_path: Path) -> None:
    keep(tmp_path, {number: shifted(number) for number in range(PEOPLE)})
    found = learned(tmp_path)
    assert list(found) == ["menton", "crista_philtri"]
    for one in found.values():
        assert one.used
        assert one.left is not None and one.left < 0.25 * one.off
        assert (one.photographs, one.people) == (12, 12)
    new = uneven(99, size=2)
    (points,) = adjustment.move(new.points[None], list(found.values()))
    by = points - new.points
    for name, wanted in (("crista_philtri_left", (2, -6)), ("crista_philtri_right", (-2, -6)), ("menton", (0, 5))):
        assert by[INDEX[name]] == pytest.approx(wanted, abs=1.3)
    others = [at for name, at in INDEX.items() if "crista" not in name and name != "menton"]
    assert np.array_equal(points[others], new.points[others])


def test_a_mirrored_face_is_moved_as_a_mirror_image_and_an_even_one_stays_even(tmp_path: Path) -> None:
    keep(tmp_path, {number: shifted(number) for number in range(PEOPLE)})
    found = list(learned(tmp_path).values())
    face = uneven(7, size=6)
    (points,) = adjustment.move(face.points[None], found)
    (other,) = adjustment.move(mirrored(face).points[None], found)
    assert other == pytest.approx(mirrored(face._replace(points=points)).points, abs=1e-9)
    (even,) = adjustment.move(template().points[None], found)
    assert mirrored(template()._replace(points=even)).points == pytest.approx(even, abs=1e-9)


def test_a_model_that_draws_sides_alike_is_found_out(tmp_path: Path) -> None:
    """It shows half of the true difference between the peaks, and half of the nose's deviation."""
    rows = []
    for number in range(PEOPLE):
        lower, beside = np.random.default_rng(number).normal(0, 4, 2)
        face = moved(template(), crista_philtri_left=(0, lower), subnasale=(beside, 0))
        left, right, base = (
            face.points[INDEX[name]] for name in ("crista_philtri_left", "crista_philtri_right", "subnasale")
        )
        own = {
            "crista_philtri_left": (left[0], left[1] + lower / 2),
            "crista_philtri_right": (right[0], right[1] - lower / 2),
            "subnasale": (base[0] + beside, base[1]),
        }
        keep(tmp_path, {number: own})
        rows.append(table_of({f"i{number}": face}, subject_id=f"s{number}"))
    found = adjustment.learn(pa.concat_tables(rows), corrections.kept(tmp_path), settings=SETTINGS)
    assert {one.kind: one.used for one in found} == {"crista_philtri": True, "subnasale": True}
    low = moved(template(), crista_philtri_left=(0, 4), subnasale=(3, 0))
    (points,) = adjustment.move(low.points[None], found)
    peaks = points[INDEX["crista_philtri_left"], 1] - points[INDEX["crista_philtri_right"], 1]
    assert 6.5 < peaks < 8.5
    assert 4.5 < points[INDEX["subnasale"], 0] - 512 < 6.5


def test_an_error_without_a_rule_moves_nothing(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    keep(tmp_path, {n: places(n, pronasale=(rng.normal(0, 5), rng.normal(0, 5))) for n in range(PEOPLE)})
    found = learned(tmp_path)
    assert found["pronasale"].left is not None
    assert not found["pronasale"].used
    points = table()
    assert adjustment.adjusted(points, list(found.values())).equals(points)
    assert "no closer" in adjustment.words(list(found.values()), settings=SETTINGS)


def test_points_that_were_left_count_as_right(tmp_path: Path) -> None:
    keep(tmp_path, {number: shifted(number) for number in range(PEOPLE)})
    keep(tmp_path, {3: places(3, glabella=(0, 30))})
    one = learned(tmp_path)["glabella"]
    assert (one.photographs, one.people, one.used) == (12, 12, False)


def test_too_few_people_move_nothing(tmp_path: Path) -> None:
    keep(tmp_path, {number: shifted(number) for number in range(4)})
    found = list(learned(tmp_path).values())
    assert [one.left for one in found] == [None, None]
    assert "of 5 people are needed to judge one, and 4 is most" in adjustment.words(found, settings=SETTINGS)


def test_a_person_is_judged_by_what_the_others_taught(tmp_path: Path) -> None:
    """Ten photographs of one person cannot vouch for themselves."""
    rows = [
        table_of({f"i{number}": uneven(number, size=2)}, subject_id="one" if number < 10 else f"s{number}")
        for number in range(16)
    ]
    keep(tmp_path, {number: places(number, menton=(0, 20 if number < 10 else -3)) for number in range(16)})
    (one,) = adjustment.learn(pa.concat_tables(rows), corrections.kept(tmp_path), settings=SETTINGS)
    assert (one.people, one.used) == (7, False)


def test_photographs_that_are_gone_or_refused_teach_nothing(tmp_path: Path) -> None:
    keep(tmp_path, {99: {"menton": (5.0, 5.0)}})
    assert learned(tmp_path) == {}
    with pytest.raises(InputError, match="nobody has corrected a point of these photographs yet"):
        adjustment.version(table(), tmp_path, settings=SETTINGS)


def test_a_version_is_a_moment_until_it_is_taken_back(tmp_path: Path) -> None:
    file = tmp_path / adjustment.FILE
    keep(tmp_path, {number: shifted(number) for number in range(6)}, at="2026-01-01T00:00:00.000Z")
    assert adjustment.standing(table(), tmp_path, settings=SETTINGS) == []
    found, first = adjustment.version(table(), tmp_path, settings=SETTINGS)
    assert (first.action, first.photographs, first.people) == ("used", 6, 6)
    assert first.after is not None and first.before is not None and first.after < first.before
    versions.keep(file, first)
    keep(tmp_path, {number: shifted(number) for number in range(6, PEOPLE)}, at="2026-02-01T00:00:00.000Z")
    standing = adjustment.standing(table(), tmp_path, settings=SETTINGS)
    assert [one.record() for one in standing] == [one.record() for one in found]  # later words change it not
    versions.keep(file, adjustment.version(table(), tmp_path, settings=SETTINGS)[1])
    assert adjustment.standing(table(), tmp_path, settings=SETTINGS)[0].photographs == 12
    assert "counts again" in versions.undo(file, by="it")
    assert adjustment.standing(table(), tmp_path, settings=SETTINGS)[0].photographs == 6
    assert "none counts now" in versions.undo(file, by="it")
    assert adjustment.standing(table(), tmp_path, settings=SETTINGS) == []
    with pytest.raises(InputError, match="nothing to undo"):
        versions.undo(file, by="it")
    assert [one.action for one in versions.read(file, by="it")] == ["used", "used", "undone", "undone"]


def test_a_version_that_does_not_help_leaves_the_one_before(tmp_path: Path) -> None:
    one = Version("2026-01-01", "used", "2026-01-01", 5, 5, 0.02, 0.01)
    assert versions.counting([one, one._replace(action="not used", after=None)]) == [one]


def test_a_withdrawn_person_leaves_every_version(tmp_path: Path) -> None:
    """What a version says follows from the lines that are there, and a withdrawal takes the person's."""
    keep(tmp_path, {number: shifted(number) for number in range(PEOPLE)})
    versions.keep(tmp_path / adjustment.FILE, adjustment.version(table(), tmp_path, settings=SETTINGS)[1])
    before = adjustment.standing(table(), tmp_path, settings=SETTINGS)
    path = tmp_path / corrections.FILE
    path.write_bytes(without(path, rows_with(path, lambda column: {"i3"})))
    after = adjustment.standing(table(), tmp_path, settings=SETTINGS)
    keep(tmp_path / "never", {number: shifted(number) for number in range(PEOPLE) if number != 3})
    never = adjustment.learn(table(), corrections.kept(tmp_path / "never"), settings=SETTINGS)
    assert [one.record() for one in after] == [one.record() for one in never]
    assert [one.people for one in after] == [11, 11]
    assert [one.record() for one in after] != [one.record() for one in before]


@pytest.mark.parametrize(
    "cells", ["now,loved,2026,1,1,,", "now,used,2026,one,1,,", "now,used,2026,1,1,nan,", ",used,,1,1,,"]
)
def test_a_damaged_line_is_named(cells: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(",".join(versions.COLUMNS) + "\n" + cells + "\n")
    with pytest.raises(CorrectionsError, match=r"a\.csv, line 2: not as `it` wrote it"):
        versions.read(tmp_path / "a.csv", by="`it`")
