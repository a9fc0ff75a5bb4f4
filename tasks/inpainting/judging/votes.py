"""A filled form becomes votes, and votes are kept: one CSV file per sheet, which the judgement reads.

In: the form that a rater filled in (tasks.inpainting.judging.sheet), the folder of keys, the folder of votes. Out: rows
of INPAINTING_VOTES, or every bad line with what is accepted. A form comes in whole or not at all. Votes lie as CSV, so
that a withdrawal finds a person's lines. Knows nothing of statistics.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from tasks.base import sheets
from tasks.base.words import counted, listed
from tasks.errors import InputError
from tasks.ingest.tables.cells import NotMeant, number
from tasks.ingest.tables.raw_layout import Line, read_lines
from tasks.ingest.tables.spelling import Spellings, key, tidy
from tasks.inpainting.judging.letters import ANSWERS, FORM_COLUMNS, KEY_COLUMNS, Result
from tasks.schemas.inpainting import INPAINTING_VOTES

YES = frozenset(("yes", "y", "true", "1", "valid"))
NO = frozenset(("no", "n", "false", "0", "invalid"))
SHEET = re.compile(r"sheet-[0-9a-f]{10}")
NO_VALID = "valid is empty; write yes or no"
NO_RANK = "rank is empty, and the result is valid; write whole numbers from 1 (best)"
SHOWN = 6
"""So many lines with an empty cell are named."""
KEPT_COLUMNS = tuple(column.name for column in INPAINTING_VOTES.columns)

Row = dict[str, Any]
Vote = tuple[Line, Row]
Place = tuple[int, str]


class VotesError(InputError):
    """A form, a key or a file of votes cannot be used as a whole; the message names the file and what to do."""


def read_form(form: Path, keys: Path) -> tuple[str, list[Row], list[str]]:
    """The sheet's id, its rows of INPAINTING_VOTES, and what is wrong, by line; with anything wrong there are no rows.

    Other columns, such as remarks, are passed over. VotesError: no line in it, or no key of its sheet in `keys`.
    """
    lines = list(read_lines(form, required=FORM_COLUMNS, optional=None))
    if not lines:
        raise VotesError(f"{form}: no line in it; the form that came with the sheet has one for each letter")
    sheet = Counter(key(line.cells["sheet"]) for line in lines).most_common(1)[0][0]
    known = read_key(form, sheet, keys)
    found: dict[Place, Vote] = {}
    problems: list[tuple[int, str]] = []
    empty: dict[str, list[int]] = {}
    for line in lines:
        place, problem = _place(line, known, sheet)
        if place in found:
            problem = f"patient {place[0]}, letter {place[1]} stands twice (line {found[place][0].number} too)"
        if place is not None and place not in found:
            row, problem = _vote(line, known[place], most=len({own[1] for own in known}))
            found[place] = (line, row)
        if problem in (NO_VALID, NO_RANK):
            empty.setdefault(problem, []).append(line.number)
            continue
        problems += [(line.number, f"{form.name}, line {line.number}: {problem}")] if problem else []
    told = {number for number, _ in problems} | {number for numbers in empty.values() for number in numbers}
    problems += [(numbers[0], _not_filled(form.name, problem, numbers)) for problem, numbers in empty.items()]
    faulty = {place[0] for place, (line, _) in found.items() if line.number in told}
    faulty |= {place[0] for place in set(known) - set(found)}
    problems += _ranks(form.name, {place: vote for place, vote in found.items() if place[0] not in faulty})
    last = lines[-1].number + 1
    problems += [
        (last, f"{form.name}: no line for patient {patient}, letter {letter}; every letter needs one")
        for patient, letter in sorted(set(known) - set(found))
    ]
    wrong = [text for _, text in sorted(problems, key=lambda problem: problem[0])]
    return sheet, [] if wrong else [row for _, (_, row) in sorted(found.items())], wrong


def _not_filled(form: str, problem: str, numbers: Sequence[int]) -> str:
    """One line for all cells that are empty: of a form that is half filled in they are many."""
    which = f"line {numbers[0]}" if len(numbers) == 1 else f"lines {listed([str(own) for own in numbers], SHOWN)}"
    return f"{form}, {which}: {problem}"


def read_key(form: Path, sheet: str, keys: Path) -> dict[Place, Result]:
    """What each patient's letters are on the sheet. VotesError: no such key, or one that is damaged."""
    path = keys / f"{sheet}.csv"
    if not SHEET.fullmatch(sheet) or not path.is_file():
        made = ", ".join(sorted(own.stem for own in keys.glob("sheet-*.csv"))) or "none"
        raise VotesError(
            f"{form}: column sheet: {tidy(sheet)!r} is no sheet of this project, whose keys lie in {keys} ({made}); "
            "use the form that came with the sheet"
        )
    results = {}
    for line in read_lines(path, required=KEY_COLUMNS, optional=()):
        own = {name: line.cells[name] for name in KEY_COLUMNS if name != "patient"}
        if not line.cells["patient"].isdecimal() or not all(own.values()):
            raise VotesError(f"{path}, line {line.number}: a damaged key; make a new sheet")
        result = Result(patient=int(line.cells["patient"]), **own)
        results[result.patient, result.letter] = result
    return results


def _place(line: Line, known: Mapping[Place, Result], sheet: str) -> tuple[Place | None, str | None]:
    """The patient and letter that a line is about, and why it is about none."""
    cells = line.cells
    if key(cells["sheet"]) != sheet:
        return None, f"sheet {tidy(cells['sheet'])!r}, but this is a form of {sheet}; one form has lines of one sheet"
    try:
        patient = number(cells["patient"], decimal_comma=line.decimal_comma)
    except NotMeant as error:
        return None, f"patient {error}"
    place = (int(patient), key(cells["letter"]).upper())
    if "patient" in line.wrong or patient != place[0] or place not in known:
        patients, letters = (sorted({own[at] for own in known}) for at in (0, 1))
        return None, (
            f"patient {tidy(cells['patient'])}, letter {tidy(cells['letter'])!r} is not on {sheet}: patients "
            f"{patients[0]} to {patients[-1]}, letters {', '.join(map(str, letters))}; of a patient who was withdrawn, "
            "delete the lines"
            if known
            else f"{sheet} has no patient any more"
        )
    return place, None


def _vote(line: Line, result: Result, *, most: int) -> tuple[Row, str | None]:
    """A line as a row, and what is wrong with it. `most`: how many results a patient has."""
    row: Row = {name: getattr(result, name) for name in ("image_id", "rater_id", "method", "picture")}
    cell = key(line.cells["valid"])
    row |= {"valid": cell in YES, "rank": None}
    if cell not in YES | NO:
        written = f"{tidy(line.cells['valid'])!r} is not one of yes, no (also y, n, true, false, 1, 0)"
        return row, f"valid {written}" if cell else NO_VALID
    rank = line.cells["rank"]
    if not row["valid"]:
        return (
            row,
            f"rank {tidy(rank)} of a result that is not valid; leave it empty, or write valid yes" if rank else None,
        )
    accepted = f"accepted: whole numbers from 1 (best) to {most}"
    if not rank:
        return row, NO_RANK
    try:
        value = number(rank, decimal_comma=line.decimal_comma)
    except NotMeant as error:
        return row, f"rank {error}; {accepted}"
    if "rank" in line.wrong or value != int(value) or not 1 <= value <= most:
        return row, f"rank {tidy(rank)}; {line.wrong.get('rank', accepted)}"
    return row | {"rank": int(value)}, None


def _ranks(form: str, found: Mapping[Place, Vote]) -> list[tuple[int, str]]:
    """Ranks of a patient that stand twice, or leave one out; each with its line."""
    by_patient: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for (patient, _), (line, row) in found.items():
        if row["rank"] is not None:
            by_patient[patient][row["rank"]].append(line.number)
    problems = []
    for patient, ranks in by_patient.items():
        twice = [(rank, sorted(lines)) for rank, lines in ranks.items() if len(lines) > 1]
        problems += [
            (lines[1], f"{form}, line {lines[1]}: rank {rank} stands twice for patient {patient} (line {lines[0]} too)")
            for rank, lines in twice
        ]
        if not twice and max(ranks) != len(ranks):
            last = max(ranks[max(ranks)])
            written, valid = ", ".join(map(str, sorted(ranks))), counted(len(ranks), "valid result")
            why = f"ranks {written} of patient {patient}: the ranks of {valid} are 1 to {len(ranks)}"
            problems.append((last, f"{form}, line {last}: {why}"))
    return problems


def keep(folder: Path, by_sheet: Mapping[str, Sequence[Row]], *, replace: bool) -> None:
    """Write the votes of each sheet into the folder: all of them, or none.

    VotesError: two of the sheets ask one rater about one photograph, or a rater has judged one before, and not
    `replace`. With it, what the rater said before of these photographs goes, whatever sheet it came from.
    """
    own: dict[tuple[str, str], str] = {}
    for sheet, rows in by_sheet.items():
        for row in rows:
            if (first := own.setdefault(_said(row), sheet)) != sheet:
                raise VotesError(
                    f"{first} and {sheet} are both of {row['rater_id']} and have photographs in common; bring in the "
                    "one that counts"
                )
    files = {file: _read_kept(file) for file in sorted(folder.glob("*.csv"))}
    again = {file: sorted({own[_said(row)] for row in rows if _said(row) in own}) for file, rows in files.items()}
    for file, found in again.items():
        if found and not replace:
            raise VotesError(
                f"{by_sheet[found[0]][0]['rater_id']} has judged photographs of {found[0]} before ({file}); --replace "
                "puts these votes in the place of the earlier ones"
            )
    for file in (file for file, found in again.items() if found and file.stem not in by_sheet):
        if rest := [row for row in files[file] if _said(row) not in own]:
            _write(file, rest)
        else:
            file.unlink()
    for sheet, rows in by_sheet.items():
        _write(folder / f"{sheet}.csv", rows)


def _said(row: Row) -> tuple[str, str]:
    """Who judged which photograph."""
    return key(row["rater_id"]), row["image_id"]


def kept(folder: Path) -> pa.Table:
    """All votes in the folder, as INPAINTING_VOTES; none where it is not there. VotesError names a damaged line.

    A rater goes under the first spelling of the name.
    """
    names = Spellings()
    rows = [row for file in sorted(folder.glob("*.csv")) for row in _read_kept(file)]
    return INPAINTING_VOTES.table(row | {"rater_id": names.of(row["rater_id"])} for row in rows)


def rater_named(name: str, folder: Path) -> str:
    """The rater, as the votes that are kept spell the name; else as it stands here, tidied."""
    return Spellings(kept(folder)["rater_id"].to_pylist()).of(name)


def _read_kept(file: Path) -> list[Row]:
    rows = []
    for line in read_lines(file, required=KEPT_COLUMNS, optional=()):
        row: Row = dict(line.cells)
        if row["valid"] not in ANSWERS or (row["rank"] and not row["rank"].isdecimal()):
            raise VotesError(
                f"{file}, line {line.number}: not as it was written; bring the form in again with --replace"
            )
        rows.append(row | {"valid": row["valid"] == "yes", "rank": int(row["rank"]) if row["rank"] else None})
    return rows


def _write(path: Path, rows: Sequence[Row]) -> None:
    shown = [row | {"valid": ANSWERS[not row["valid"]]} for row in rows]
    sheets.write(path, KEPT_COLUMNS, [[row[name] for name in KEPT_COLUMNS] for row in shown])
