"""What a run leaves beside its page: its own files alone, nothing of a former run's, and what a person made."""

from pathlib import Path

from flows.photographs.reconstruct import Reconstructed
from flows.photographs.reconstructed import OF_FACE, write
from tasks.surface.pages.contents import Photographed

REFUSED = Reconstructed("two sizes contradict each other", [Photographed("a.jpg")], "<p>refused</p>")


def test_a_refused_visit_leaves_nothing_of_the_former_face(tmp_path: Path) -> None:
    for name in (*OF_FACE, "notes.csv", "face.obj"):
        (tmp_path / name).write_text("of the former run", encoding="utf-8")
    write(tmp_path, REFUSED, "face")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"face.html", "photographs.csv", "notes.csv", "face.obj"}


def test_points_that_a_person_gave_stay(tmp_path: Path) -> None:
    given = tmp_path / "points.csv"
    given.write_text("name,x,y,z\n", encoding="utf-8")
    write(tmp_path, REFUSED, "face", given=given)
    assert given.read_text(encoding="utf-8") == "name,x,y,z\n"
    write(tmp_path, REFUSED, "face", given=tmp_path / "other.csv")
    assert not given.exists()
