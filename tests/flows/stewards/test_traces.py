"""What a withdrawal finds in a file of whatever kind, what it says of those that it cannot open."""

import bz2
import gzip
import hashlib
import io
import sqlite3
import struct
import tarfile
import zipfile
import zlib
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from flows.stewards.traces import in_databases, in_files
from flows.stewards.traces.file_kinds import kind
from flows.stewards.traces.in_databases import clean_database, in_database
from flows.stewards.traces.in_files import clean_text, files_below, in_table, look
from flows.stewards.traces.person import Person
from tasks.errors import InputError

PHOTOGRAPH = b"the photograph's bytes"
ID = hashlib.sha256(PHOTOGRAPH).hexdigest()


def person(subject: str | None = "anna_kowalska", *names: str) -> Person:
    return Person(subject=subject, control=False, images=(ID,), frames=(), names=names, sizes=(len(PHOTOGRAPH),))


def zipped(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def tarred(name: str, content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def pdf(words: bytes) -> bytes:
    return b"%PDF-1.4\n1 0 obj <</Filter/FlateDecode>> stream\n" + zlib.compress(words) + b"\nendstream endobj"


NOTE = b"a letter of P05 to the clinic"
PACKED: dict[str, tuple[bytes, str]] = {
    "letter.docx": (zipped(**{"word/document.xml": b"<w:t>P05</w:t>"}), "name"),
    "notes.ods": (zipped(**{"content.xml": b"<text:p>P05</text:p>"}), "name"),
    "notes.zip": (zipped(**{"a.txt": NOTE}), "name"),
    "called.zip": (zipped(**{"P05/a.txt": b"nothing"}), "name"),
    "photos.zip": (zipped(**{"x.jpg": PHOTOGRAPH}), "packed"),
    "notes.tar": (tarred("a.txt", NOTE), "name"),
    "notes.tar.gz": (gzip.compress(tarred("a.txt", NOTE)), "name"),
    "server.log.gz": (gzip.compress(b"nothing\n" * 1000 + NOTE), "name"),
    "server.log.bz2": (bz2.compress(NOTE), "name"),
    "zip in a tar.tar": (tarred("inner.zip", zipped(**{"a.txt": ID.upper().encode()})), "digest"),
    "plain.pdf": (pdf(b"BT (P) -12 (05) Tj ET"), "name"),
    "note.json": (b'{"note": "12345678", "of": "P05"}', "name"),
    "BMW.txt": (b"BM of P05, nine years", "name"),
    "wide.txt": (b"The wide palate of P05", "name"),
    "RIFF.txt": (b"RIFF: P05", "name"),
}


@pytest.mark.parametrize("name", PACKED)
def test_a_name_is_found_in_whatever_holds_it(tmp_path: Path, name: str) -> None:
    content, what = PACKED[name]
    (tmp_path / name).write_bytes(content)
    assert look(tmp_path / name, person("P05")).what == what
    assert look(tmp_path / name, person("P06")).what == (None if what == "name" else what)


LOCKED = bytearray(zipped(**{"a.txt": b"nothing"}))
for begin, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
    LOCKED[LOCKED.index(begin) + at] |= 1
OPAQUE: dict[str, tuple[bytes, str]] = {
    "old.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "an old Office file"),
    "a.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(600), "a 7-Zip archive"),
    "a.pdf": (pdf(b"nothing"), "a PDF"),
    "locked.zip": (bytes(LOCKED), "locked with a password"),
    "cut.zip": (zipped(**{"a.txt": NOTE})[:-30], "an archive: it is damaged"),
    "cut.gz": (gzip.compress(bytes(range(256)) * 9)[:-40], "an archive: it is damaged"),
    "bomb.gz": (gzip.compress(bytes(70_000_000)), "more is packed in it"),
    "cut.parquet": (b"PAR1" + bytes(600), "a damaged table"),
    "cut.db": (b"SQLite format 3\0" + bytes(range(256)) * 4, "a database that cannot be read"),
}


@pytest.mark.parametrize("name", OPAQUE)
def test_what_cannot_be_looked_into_is_said(tmp_path: Path, name: str) -> None:
    content, why = OPAQUE[name]
    (tmp_path / name).write_bytes(content)
    found = look(tmp_path / name, person("P05"))
    assert found.what is None
    assert why in (found.unread or "")


def test_a_long_name_is_found_in_any_bytes_and_across_their_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_files, "PIECE", 5000)
    noise = bytes(range(256)) * 19 + bytes(130)  # 4994: the name lies across the border
    for number, name in enumerate(("anna_kowalska", "Anna_Kowalska")):
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            file = tmp_path / f"{number}.{encoding}"
            file.write_bytes(noise + name.encode(encoding) + bytes(3000))
            assert look(file, person()).what == "name"
    (tmp_path / "other").write_bytes(noise + b"anna_kowalska2" + bytes(3000))
    assert look(tmp_path / "other", person()) == (None, None)
    text = b"nothing here\n" * 384 + b"of P05\n" + b"nothing here\n" * 900
    (tmp_path / "long.txt").write_bytes(text)
    assert look(tmp_path / "long.txt", person("P05")).what == "name"
    clip = struct.pack(">I", 24) + b"ftypmp42" + noise
    (tmp_path / "clip.mp4").write_bytes(clip)
    assert "fewer than six letters" in (look(tmp_path / "clip.mp4", person("P05")).unread or "")


def test_an_accent_counts_in_one_letter_and_in_two(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("of Mu\u0308ller")
    assert look(tmp_path / "note.txt", person("M\u00fcller")).what == "name"
    assert person("M\u00fcller").in_path(Path("Mu\u0308ller/a.txt"))


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b'{"a": 1,{"', "other"),
        (struct.pack("<Q", 40) + b'{"__metadata__"', "weights"),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "picture"),
        (b"\xef\xbb\xbf<!DOCTYPE html>", "page"),
    ],
)
def test_a_kind_is_more_than_its_first_letters(head: bytes, what: str) -> None:
    assert kind(head, 1000) == what


def test_a_number_is_a_name_in_columns_of_subjects_alone(tmp_path: Path) -> None:
    for columns, found in (
        ({"subject_id": ["12"]}, "name"),
        ({"age": ["12"]}, None),
        ({"rater_id": ["12"], "subject_id": ["13"]}, None),
    ):
        pq.write_table(pa.table(columns), tmp_path / "a.parquet")
        assert in_table(tmp_path / "a.parquet", person("12")) == found
    pq.write_table(pa.table({"rater_id": ["anna_kowalska"]}), tmp_path / "a.parquet")
    assert in_table(tmp_path / "a.parquet", person()) is None


def test_a_table_s_texts_are_found_however_they_are_stored(tmp_path: Path) -> None:
    own = pa.array(["anna_kowalska", "bert"])
    for number, column in enumerate(
        (
            own.dictionary_encode(),
            pa.array([["x"], ["anna_kowalska"]]),
            pa.StructArray.from_arrays([own], ["who"]),
            pa.array([[("anna_kowalska", "b")], []], pa.map_(pa.string(), pa.string())),
            pa.array([{"in": [{"who": "anna_kowalska"}]}, None]),
        )
    ):
        pq.write_table(pa.table({"a": [1, 2], "of": column}), tmp_path / f"{number}.parquet")
        assert in_table(tmp_path / f"{number}.parquet", person()) == "name"


def test_a_made_text_loses_the_name_in_whatever_encoding(tmp_path: Path) -> None:
    for number, content in enumerate(
        (
            "M\u00fcller, \u00e4lter".encode("cp1252"),
            "of M\u00fcller\n".encode("utf-16"),
            "of M\u00fcller\n".encode("utf-16-le"),
            b"\0" * 900 + "of M\u00fcller\n".encode(),  # a log after a power cut
        )
    ):
        file = tmp_path / f"{number}.log"
        file.write_bytes(content)
        assert look(file, person("M\u00fcller")).what == "name"
        clean_text(file, person("M\u00fcller"))
        assert look(file, person("M\u00fcller")).what is None
        assert len(file.read_bytes()) > 3


def logged(folder: Path) -> sqlite3.Connection:
    """A database that a server has open, with what it wrote last in its log."""
    database = sqlite3.connect(folder / "prefect.db")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA wal_autocheckpoint = 0")
    database.execute("CREATE TABLE log (message TEXT UNIQUE)")
    database.executemany("INSERT INTO log VALUES (?)", [("of anna_kowalska",), ("of ANNA_KOWALSKA",), ("of bert",)])
    database.commit()
    return database


def test_a_database_s_log_belongs_to_it_and_is_emptied(tmp_path: Path) -> None:
    with closing(logged(tmp_path)) as server:
        assert [file.name for file in files_below([tmp_path], ())] == ["prefect.db"]
        clean_database(tmp_path / "prefect.db", person())
        assert (tmp_path / "prefect.db-wal").stat().st_size == 0
        server.execute("INSERT INTO log VALUES ('later')")
        server.commit()
        rows = {row[0] for row in server.execute("SELECT message FROM log")}
        assert rows == {"of withdrawn", "of bert", "later"}
    for file in tmp_path.iterdir():
        assert b"anna_kowalska" not in file.read_bytes().lower()


def test_a_log_that_is_read_by_others_is_told_and_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_databases, "PATIENCE", 0.2)
    with closing(logged(tmp_path)) as server, closing(sqlite3.connect(tmp_path / "prefect.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM log").fetchall()
        with pytest.raises(InputError, match="end what uses it"):
            clean_database(tmp_path / "prefect.db", person())
        assert in_database(tmp_path / "prefect.db", person()) == "name"
        reader.rollback()
        clean_database(tmp_path / "prefect.db", person())
        assert in_database(tmp_path / "prefect.db", person()) is None
        assert server.execute("SELECT count(*) FROM log").fetchone() == (2,)


def test_rows_that_were_deleted_are_found_and_overwritten(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "prefect.db")) as database:
        database.execute("PRAGMA secure_delete = OFF")
        database.execute("CREATE TABLE log (message TEXT)")
        database.execute("INSERT INTO log VALUES ('of anna_kowalska')")
        database.execute("DELETE FROM log")
        database.commit()
    assert look(tmp_path / "prefect.db", person()).what == "name"
    clean_database(tmp_path / "prefect.db", person())
    assert look(tmp_path / "prefect.db", person()) == (None, None)


@pytest.mark.parametrize("subject", ["", "*", "p*", "[p]071", "p071.", "(", "\\", "a|b", "$(x)", "p0"])
def test_a_name_of_signs_is_taken_as_it_stands(tmp_path: Path, subject: str) -> None:
    file = tmp_path / "note.txt"
    file.write_text("p071 and p0711, [p]0711 and b")
    assert look(file, person(subject)).what is None
    assert not person(subject).in_path(Path("p071/front.png"))


def test_a_photograph_s_file_name_that_others_share_is_no_mark_of_a_file(tmp_path: Path) -> None:
    assert not person(None, "patients/p01/front.png").in_path(Path("docs/front page.txt"))
    assert person(None, "p071_2019.jpg").in_path(Path("p071_2019 small.png"))


def test_captions_of_a_press_photograph_are_read(tmp_path: Path) -> None:
    iptc = b"\x1c\x02\x78" + struct.pack(">H", 6) + b"of P05"
    block = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
    made = io.BytesIO()
    Image.new("L", (8, 8)).save(made, "JPEG")
    jpeg = made.getvalue()
    (tmp_path / "a.jpg").write_bytes(jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(block) + 2) + block + jpeg[2:])
    assert look(tmp_path / "a.jpg", person("P05")).what == "name"


def test_a_database_with_functions_of_its_own_program_loses_the_name(tmp_path: Path) -> None:
    """As Prefect's: a default that this process cannot compute; and a key that two rows would share afterwards."""
    file = tmp_path / "prefect.db"
    with closing(sqlite3.connect(file)) as database:
        database.execute(
            "CREATE TABLE run (id CHAR(36) DEFAULT (GEN_RANDOM_UUID()) NOT NULL, key TEXT NOT NULL UNIQUE)"
        )
        rows = [("1", "anna_kowalska"), ("2", "ANNA_KOWALSKA"), ("3", "bert"), ("anna_kowalska", "4")]
        database.executemany("INSERT INTO run VALUES (?, ?)", rows)
        database.commit()
    assert clean_database(file, person()) == 3
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT * FROM run").fetchall() == [
            ("1", "withdrawn"),
            ("3", "bert"),
            ("withdrawn", "4"),
        ]
    assert look(file, person()) == (None, None)
