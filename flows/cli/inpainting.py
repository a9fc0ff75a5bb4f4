"""`vermilion inpainting`: what inpainting needs of surgeons: a blinded sheet goes out, its form comes back as votes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.outputs import output_folder
from flows.cli.project import project_root
from flows.cli.terminal import say
from flows.photographs.sheets import KEYS, SEED, SIDE, VOTES
from flows.running.privacy import private_folder
from tasks.base.words import counted
from tasks.errors import InputError

if TYPE_CHECKING:
    from flows.photographs.fillings import PicturesOf

app = typer.Typer(no_args_is_help=True, help="Surgeons' judgement of filled faces: a blinded sheet out, its votes in.")


@app.command()
def sheet(
    out: Annotated[Path, typer.Option(help="Folder to make, and to hand out.")],
    rater: Annotated[str, typer.Option(help="Who will judge; every rater has an own sheet.")],
    seed: Annotated[int, typer.Option(help="Of the order in which patients and results are shown.", min=0)] = SEED,
    side: Annotated[int, typer.Option(help="Longer side of every picture, pixels, at most.", min=16)] = SIDE,
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
    from tasks.ingest.tables.cells import no_such_word, word
    from tasks.ingest.tables.spelling import lookalikes, tidy
    from tasks.inpainting.judging import votes
    from tasks.inpainting.judging.sheet import write_sheet
    from tasks.schemas.columns import POPULATIONS

    for name in populations:
        if word(name, POPULATIONS) is None:
            raise InputError(f"--population {no_such_word(name, POPULATIONS)}")
    own = votes.rater_named(rater, root / VOTES)
    if own != tidy(rater):
        say(f"note: {tidy(rater)} is taken for {own}, who has judged before", error=True)
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
    from tasks.inpainting.judging import votes

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
        say(f"nothing was kept: {counted(len(wrong), 'thing')} to put right", error=True)
        return False
    votes.keep(private_folder(root / VOTES), {sheet: rows for sheet, (_, rows) in read.items()}, replace=replace)
    for form, rows in read.values():
        photographs = counted(len({row["image_id"] for row in rows}), "photograph")
        say(f"{form}: {counted(len(rows), 'vote')} on {photographs} by {rows[0]['rater_id']}")
    say("the next `dvc repro` counts them")
    return True


@app.command(name="import")
def take_lists(
    source: Annotated[
        Path, typer.Argument(metavar="LIST|FOLDER", help="A list of pictures (.flist), or CelebA as it is unpacked.")
    ],
    out: Annotated[Path, typer.Option(help="Raw folder to make; it must not be there, or be empty.")],
    landmarks: Annotated[Path | None, typer.Option(help="List of the pictures' landmarks, line by line.")] = None,
    masks: Annotated[Path | None, typer.Option(help="List of their masks, line by line.")] = None,
    identities: Annotated[
        Path | None, typer.Option(help="CelebA's identity_CelebA.txt; without it every picture is a person of its own.")
    ] = None,
    moved: Annotated[Path | None, typer.Option(help="Folder in which the listed files lie now.")] = None,
) -> None:
    """Make a raw folder of controls from the lists that inpainting codes train on: links to the pictures, images.csv.

    A picture that is missing, or whose landmarks are missing or all zero, is left out and told; left_out.txt has them
    all. Landmarks and masks are not taken over: the stages find landmarks and draw masks themselves. Everyone in the
    list counts as a control: name no patients' list.

    \b
    vermilion inpainting import train.flist --landmarks train_landmarks.flist --out data/raw/faces
    vermilion inpainting import CelebA --out data/raw/celeba
    vermilion use data/raw/celeba

    Exit code 0: every picture is in; 1: some were left out; 2: nothing was made.
    """
    path = output_folder(out, "--out")
    raise typer.Exit(bool(make_raw(source, path, landmarks=landmarks, masks=masks, identities=identities, moved=moved)))


SAID = 20
"""Pictures left out that are told one by one."""
LEFT_OUT = "left_out.txt"
"""All of them."""
ALONE = (
    "note: every picture counts as a person of its own. Where two show the same person, the network is tried on people "
    "whom it knows: say who is who with --identities, or in images.csv"
)


def make_raw(
    source: Path,
    out: Path,
    *,
    landmarks: Path | None,
    masks: Path | None,
    identities: Path | None,
    moved: Path | None,
) -> int:
    """Write the raw folder; how many pictures were left out. InputError: no list, or no picture of it can be used."""
    from tasks.base import sheets
    from tasks.inpainting import flists

    if out.exists() and any(out.iterdir()):
        raise InputError(f"--out {out}: is not empty; name a new folder")
    if source.is_dir():
        if landmarks or masks or identities or moved:
            raise InputError(f"{source}: a folder is CelebA's, which needs no further lists; name a list of pictures")
        rows = flists.celeba(source)
    else:
        rows = flists.pictures(source, landmarks=landmarks, masks=masks, identities=identities, moved=moved)
    wrong = [f"{row.source}, line {row.line}: {row.reason}" for row in rows if row.reason is not None]
    for line in wrong[:SAID]:
        say(line, error=True)
    if len(wrong) > SAID:
        say(f"and {len(wrong) - SAID} more", error=True)
    made = list(flists.named(rows, out.absolute().name))
    if not made:
        raise InputError(f"{source}: no picture of it can be used; --moved names the folder in which they lie now")
    for link, _, row in made:
        (out / link).parent.mkdir(parents=True, exist_ok=True)
        (out / link).symlink_to(row.path.absolute())
    if wrong:
        (out / LEFT_OUT).write_text("\n".join([*wrong, ""]), encoding="utf-8")
    columns = ["path", "subject_id", "population"]
    sheets.write(out / "images.csv", columns, [[link.as_posix(), who, "control"] for link, who, _ in made])
    people = counted(len({who for _, who, _ in made}), "person", "people")
    say(f"{out}: {counted(len(made), 'picture')} of {people}, {len(wrong)} left out; next: `vermilion use {out}`")
    if any(row.subject_id is None for _, _, row in made):
        say(ALONE, error=True)
    return len(wrong)
