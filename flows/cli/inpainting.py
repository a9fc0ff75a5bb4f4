"""`vermilion inpainting`: what inpainting needs of surgeons: a blinded sheet goes out, its form comes back as votes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.outputs import output_folder
from flows.cli.project import private_folder, project_root
from flows.cli.terminal import say
from tasks.base.words import counted
from tasks.errors import InputError

if TYPE_CHECKING:
    from flows.photographs.fillings import PicturesOf

app = typer.Typer(no_args_is_help=True, help="Surgeons' judgement of filled faces: a blinded sheet out, its votes in.")

VOTES = Path("data/votes")
"""What came back, a CSV file per sheet: the stage that judges reads this folder (tasks.inpainting.votes.kept)."""
KEYS = Path("data/sheet_keys")
"""What each sheet's letters are: never handed out."""


@app.command()
def sheet(
    out: Annotated[Path, typer.Option(help="Folder to make, and to hand out.")],
    rater: Annotated[str, typer.Option(help="Who will judge; every rater has an own sheet.")],
    seed: Annotated[int, typer.Option(help="Of the order in which patients and results are shown.", min=0)] = 1,
    side: Annotated[int, typer.Option(help="Longer side of every picture, pixels.", min=16)] = 512,
    population: Annotated[
        list[str] | None, typer.Option(help="Whose photographs: unrepaired (if none is named), repaired.")
    ] = None,
) -> None:
    """Write a sheet for one rater: the fillings of every patient side by side, without a word about who made them.

    The folder gets sheet.html, which opens without a network, and a form to fill in, votes.xlsx or votes.csv. What the
    letters mean stays in data/sheet_keys. The page shows photographs of patients: give it to nobody who may not see
    them.

    \b
    vermilion inpainting sheet --out for_surgeon_a --rater surgeon_a
    vermilion inpainting votes for_surgeon_a/votes.xlsx
    """
    from flows.photographs.fillings import pictures_of

    path = output_folder(out, "--out")
    made = make_sheet(
        project_root(),
        path,
        rater=rater,
        seed=seed,
        side=side,
        populations=population or ["unrepaired"],
        pictures_of=pictures_of,
    )
    say(f"{path}: hand out this folder; the key stays here: {made}")


def make_sheet(
    root: Path,
    out: Path,
    *,
    rater: str,
    seed: int,
    side: int,
    populations: list[str],
    pictures_of: "PicturesOf",
) -> Path:
    """The sheet of a project's fillings, and its key, which is returned. A name that looks like a rater's is told."""
    from tasks.ingest.cells import no_such_word, word
    from tasks.ingest.spelling import lookalikes
    from tasks.inpainting import votes
    from tasks.inpainting.sheet import write_sheet
    from tasks.schemas.columns import POPULATIONS

    for name in populations:
        if word(name, POPULATIONS) is None:
            raise InputError(f"--population {no_such_word(name, POPULATIONS)}")
    own = votes.rater_named(rater, root / VOTES)
    known = sorted(set(votes.kept(root / VOTES)["rater_id"].to_pylist()) - {own})
    for _, other in lookalikes([own], known):
        say(f"note: {own} and {other} look alike; if they are one and the same, make the sheet for {other}", error=True)
    patients = pictures_of(root, [str(word(name, POPULATIONS)) for name in populations])
    private_folder(root / KEYS)
    return write_sheet(private_folder(out), root / KEYS, patients, rater=own, seed=seed, side=side)


@app.command(name="votes")
def take_votes(
    forms: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Filled forms, votes.csv or votes.xlsx.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="In place of what the same rater said of these photographs before.")
    ] = False,
) -> None:
    """Bring filled forms in: all of them, or none and every bad line with what is accepted.

    \b
    vermilion inpainting votes surgeon_a.xlsx surgeon_b.csv

    Exit code 0: the votes are kept, and the next `dvc repro` counts them; 1: at least one line is wrong, nothing was
    kept; 2: a file is no form of a sheet of this project, or its rater has judged these photographs before.
    """
    raise typer.Exit(not bring_in(forms, project_root(), replace=replace))


def bring_in(forms: list[Path], root: Path, *, replace: bool) -> bool:
    """Keep the votes of all forms; False, with every bad line told, where one of them has any."""
    from tasks.inpainting import votes

    read: dict[str, tuple[Path, list[votes.Row]]] = {}
    wrong: list[str] = []
    for form in forms:
        sheet, rows, problems = votes.read_form(form, root / KEYS)
        if sheet in read:
            raise InputError(f"{form}: a form of {sheet}, as {read[sheet][0]} is; name the one that counts")
        read[sheet] = (form, rows)
        wrong += problems
    for problem in wrong:
        say(problem, error=True)
    if wrong:
        say(f"nothing was kept: {counted(len(wrong), 'line')} to put right", error=True)
        return False
    votes.keep(private_folder(root / VOTES), {sheet: rows for sheet, (_, rows) in read.items()}, replace=replace)
    for form, rows in read.values():
        photographs = counted(len({row["image_id"] for row in rows}), "photograph")
        say(f"{form}: {counted(len(rows), 'vote')} on {photographs} by {rows[0]['rater_id']}")
    say("the next `dvc repro` counts them")
    return True
