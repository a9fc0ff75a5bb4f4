"""Measured photographs as they are done: a page and a line each, so that an interruption loses nothing.

In: a folder, measured photographs or clips, a key of everything they were measured with. Out: pages, of a clip the
table of its frames beside, and lines by photograph; what was measured before with the same key is not measured again.
At the end, CSV and Parquet of all. Measures nothing.
"""

import dataclasses
import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flows.photographs.measure import Measured
from tasks.anthropometry.page import MeasuredFace, render_measured_page
from tasks.anthropometry.printed import render_pdf
from tasks.base import sheets, tables
from tasks.base.digests import code_digest, digest, file_digest
from tasks.findings.rules import Finding
from tasks.schemas.anthropometry import MEASURE_COLUMNS, MEASURED_PHOTOGRAPHS

DONE = ".measured.jsonl"
TABLES = ("measures.csv", "measures.parquet")
FRAME_COLUMNS = ("frame", "time_s", *(column.name for column in MEASURE_COLUMNS))
"""Of the table that lies beside a clip's page."""


LOOKS = (".j2", ".css", ".js")
"""Files that decide how a page looks, besides code."""


def looks(*folders: Path) -> str:
    """Digest of all that decides how pages look: the code that renders them, templates, style and script.

    `folders`: of templates.
    """
    files = sorted(file for folder in folders for file in folder.rglob("*") if file.suffix in LOOKS)
    return digest([code_digest(sys.modules[__name__]), *(file_digest(file) for file in files)])


def page_of(photograph: Path, image_id: str, which: str) -> str:
    """The name of a photograph's page: its own, and the beginning of its content's digest; and which of several faces.

    `which`: as `MeasuredFace.which`, such as "face 2 of 3, ...": each face has a page of its own.
    """
    face = f"-face{which.split()[1]}" if which else ""
    return f"{photograph.stem[:60]}-{(image_id or digest(str(photograph)))[:8]}{face}.html"


WHOLE = {"key", "image_id", "page", "rows", "findings"}
"""What a line has."""


Lines = dict[tuple[str, str], Mapping[str, Any]]
"""By content of the photograph and the face that was asked for."""


def earlier(out: Path, key: str, *, pdf: bool = False) -> Lines:
    """Lines of an earlier call with the same key whose page is there. A damaged line is none.

    `pdf`: whose PDF is there, too.
    """
    found: Lines = {}
    file = out / DONE
    for text in file.read_bytes().splitlines() if file.exists() else ():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if not isinstance(line, dict) or not line.keys() >= WHOLE:
            continue
        page = out / line["page"]
        if line["key"] == key and page.exists() and (not pdf or page.with_suffix(".pdf").exists()):
            found[line["image_id"], line.get("asked", "")] = line
    return found


def with_earlier(results: Sequence[Measured], lines: Lines) -> list[Measured]:
    """The results, and before them what earlier calls measured in the same way of other photographs or other faces.

    A folder's tables have all of its pages. So a photograph that was refused now, since it shows several faces, keeps
    the rows of those that were asked for before.
    """
    own = {page_of(found.path, found.face.image_id, found.face.which) for found in results if not found.face.reason}
    content = {str(found.path): found.face.image_id for found in results}
    by_page = {line["page"]: line for line in lines.values() if line.get("photograph")}
    kept = [
        _recalled(Path(line["photograph"]), line)
        for page, line in by_page.items()
        if page not in own and content.get(line["photograph"], line["image_id"]) == line["image_id"]
    ]
    known = {found.face.image_id for found in kept}
    return [*kept, *(found for found in results if not (found.face.reason and found.face.image_id in known))]


def again(photograph: Path, lines: Lines, asked: str = "") -> Measured | None:
    """What an earlier call found in this photograph, of the face `asked` for; None where it was not measured, or has
    another name now."""
    try:
        line = lines.get((file_digest(photograph), asked))
    except OSError:
        return None
    if line is None or line["page"] != page_of(photograph, line["image_id"], line.get("which", "")):
        return None
    return _recalled(photograph, line)


def _recalled(photograph: Path, line: Mapping[str, Any]) -> Measured:
    face = MeasuredFace(photograph.name, line["image_id"], rows=line["rows"], which=line.get("which", ""))
    face = dataclasses.replace(face, findings=[Finding(**own) for own in line["findings"]])
    return Measured(photograph, face, line["rows"], said=line.get("said", ""))


def keep(out: Path, key: str, found: Measured, notices: Sequence[str], *, asked: str = "", pdf: bool = False) -> None:
    """Write the photograph's page, and then its line; a refused one has a page alone, and is tried again.

    `asked`: the face that was asked for, of several. `pdf`: the same on sheets of paper, too; not of a clip.
    """
    page = page_of(found.path, found.face.image_id, found.face.which)
    with tables.replacing(out / page) as temporary:
        temporary.touch(mode=0o600)
        html = found.html or render_measured_page(found.face, notices=notices)
        temporary.write_text(html, encoding="utf-8")
    if pdf and not found.frames:
        _print(found, (out / page).with_suffix(".pdf"), notices)
    else:  # of an earlier call, which measured otherwise
        (out / page).with_suffix(".pdf").unlink(missing_ok=True)
    if found.frames:
        rows = [[row.get(name) for name in FRAME_COLUMNS] for row in found.frames]
        sheets.write((out / page).with_suffix(".csv"), FRAME_COLUMNS, rows)
    if found.face.reason:
        return
    line = {"key": key, "image_id": found.face.image_id, "page": page, "rows": list(found.rows)}
    line |= {"said": found.said, "which": found.face.which, "asked": asked, "photograph": str(found.path)}
    line["findings"] = [dataclasses.asdict(own) for own in found.face.findings]
    file = out / DONE
    file.touch(mode=0o600)
    with file.open("a", encoding="utf-8") as opened:
        opened.write(json.dumps(line) + "\n")


def _print(found: Measured, path: Path, notices: Sequence[str]) -> None:
    """The photograph's sheets; a letter that their type lacks, as of a name in Chinese, is an empty box there."""
    with warnings.catch_warnings(), tables.replacing(path) as temporary:
        warnings.filterwarnings("ignore", message="Glyph .* missing from font", category=UserWarning)
        temporary.touch(mode=0o600)
        temporary.write_bytes(render_pdf(found.face, notices=() if found.html else notices))  # as its page


def write_table(path: Path, results: Sequence[Measured]) -> None:
    """A row per photograph and measure; of a refused photograph one row with its reason."""
    rows = [
        {
            "photograph": str(result.path),
            "image_id": result.face.image_id or None,
            "face": result.face.which,
            **own,
        }
        for result in results
        for own in (result.rows or [{"measure": "", "reason": result.face.reason}])
    ]
    made = MEASURED_PHOTOGRAPHS.table(rows)
    if path.suffix.lower() == ".parquet":
        tables.write(made, path, MEASURED_PHOTOGRAPHS, provenance={"command": "vermilion measure"})
        path.chmod(0o600)
    else:
        sheets.write(path, made.column_names, [list(row.values()) for row in made.to_pylist()])
