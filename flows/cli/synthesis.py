"""`vermilion synthesis`: what DiffusionCleft needs of a person: a base, captions, raters, a card of some size."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.outputs import output_file, output_folder
from flows.cli.project import project_root
from flows.running.privacy import private_folder
from tasks.base.words import counted
from tasks.errors import InputError

app = typer.Typer(
    no_args_is_help=True, help="Synthesis of faces with a cleft: register a base, edit captions, ask raters."
)

SEED = Annotated[int, typer.Option(help="Of what is chosen, and in which order it is shown.", min=0)]
WEIGHTS, CAPTIONS, DATA = "data/weights", "data/captions", "data/synthesis"


@app.command()
def register(
    folder: Annotated[
        Path, typer.Argument(help="FLUX.1-schnell as diffusers saves it: model_index.json beside folders.")
    ],
    name: Annotated[str, typer.Option(help="What params.yaml calls it (synthesis_base: source).")] = "flux1_schnell",
    accept: Annotated[bool, typer.Option("--accept", help="Accept the licence without being asked.")] = False,
) -> None:
    """Make a base model known: its files are hashed once, and checked against that whenever it is used.

    Nothing is copied or fetched: the folder stays where it is. The licence is shown and has to be accepted once.
    """
    from tasks.synthesis import base

    print(base.SCHNELL)
    if not accept and not typer.confirm("Do you accept the licence?"):
        raise InputError("not registered: the licence was not accepted")
    manifest = base.register(folder, name, registry=project_root() / WEIGHTS, accept=True)
    print(
        f"{name}: {counted(len(manifest.files), 'file')}; "
        f"write `source: {name}` under synthesis_base in params.yaml to use it"
    )


@app.command()
def fits(
    card: Annotated[
        float | None, typer.Option(help="Memory of your card, GB: an error if training does not fit.")
    ] = None,
    numbers: Annotated[Path, typer.Option(help="Whose synthesis_train counts.")] = Path("params.yaml"),
) -> None:
    """What fits on which card with FLUX.1-schnell: memory to train an adapter and to draw, by precision."""
    from tasks import params
    from tasks.params.synthesis import SynthesisTrain
    from tasks.synthesis import memory

    settings = params.load(SynthesisTrain, "synthesis_train", numbers)
    print(memory.render(memory.what_fits(settings)))
    if card is not None:
        memory.require_room(int(card * 1e9), settings=settings)
        print(f"training in {settings.precision} at 1024 px fits {card:g} GB")


@app.command()
def captions(
    out: Annotated[Path, typer.Argument(help="CSV file to write: path, caption.")] = Path(CAPTIONS, "captions.csv"),
) -> None:
    """Write the captions of the patients' photographs as a CSV file to edit.

    In data/captions (or copied there) its lines take the place of the captions made from the images table, the next
    time `dvc repro` runs. Lines that you do not change may be deleted.
    """
    from tasks.base import absence, tables
    from tasks.schemas.ingest import IMAGES
    from tasks.schemas.synthesis import CAPTIONS as TABLE
    from tasks.synthesis import captions as words

    root = project_root()
    path = out if out.is_absolute() or root == Path.cwd() else root / out
    if path.is_file():
        raise InputError(f"{path}: is there already; name another file, or move it away")
    output_file(path, "OUT")
    if reason := absence.reason_of(root / DATA / "captions"):
        raise InputError(f"{root / DATA / 'captions'}: no captions: {reason}")
    listed = tables.read(_there(root / DATA / "captions"), TABLE)
    found = words.editable(listed, tables.read(root / "data/ingest/images", IMAGES))
    with tables.replacing(path) as temporary:
        found.to_csv(temporary, index=False)
    print(f"{path}: {len(found)} captions")


survey = typer.Typer(no_args_is_help=True, help="Ask raters how real and how plausible pictures look.")
app.add_typer(survey, name="survey")


@survey.command()
def make(
    out: Annotated[Path, typer.Argument(help="Folder to make.")],
    generated: Annotated[int, typer.Option(help="Generated pictures, half of each condition.", min=2)] = 50,
    real: Annotated[int, typer.Option(help="Photographs among them, half of each condition.", min=0)] = 10,
    side: Annotated[int, typer.Option(help="Side of every picture, pixels.", min=16)] = 512,
    seed: SEED = 1,
) -> None:
    """Mix released pictures and photographs, so that raters do not know which is which.

    The folder gets pictures/, sheet.csv to fill in (1 to 5) and key.csv, which raters must not see. It holds
    photographs of patients: do not give it to anybody who may not see them.
    """
    from flows.photographs import survey as surveying
    from tasks.synthesis import survey as mixing

    output_folder(out, "OUT")
    pictures, photographs = surveying.candidates(project_root())
    chosen = mixing.choose(pictures, generated, seed=seed, what="released pictures")
    chosen += mixing.choose(photographs, real, seed=seed, what="photographs")
    count = mixing.write_survey(private_folder(out), chosen, side=side, seed=seed)
    print(
        f"{out}: {counted(count, 'picture')}; "
        f"give pictures/ and a copy of {mixing.SHEET} to each rater, and keep {mixing.KEY}"
    )


@survey.command()
def collect(
    folder: Annotated[Path, typer.Argument(help="Folder that `survey make` made.")],
    sheet: Annotated[Path, typer.Argument(help="A rater's filled sheet.")],
    rater: Annotated[str, typer.Option(help="The rater's id.")],
    out: Annotated[Path, typer.Option(help="CSV file to write, for `vermilion ratings add`.")],
    role: Annotated[str, typer.Option(help="medical or lay.")] = "medical",
) -> None:
    """Turn a filled sheet into a ratings.csv."""
    from tasks.schemas.columns import ROLES
    from tasks.synthesis import survey as mixing

    if role not in ROLES:
        raise InputError(f"--role {role}: accepted: {', '.join(ROLES)}")
    output_file(out, "--out")
    rows = mixing.read_sheet(folder, sheet, rater_id=rater, role=role)
    mixing.write_ratings(out, rows)
    print(f"{out}: {counted(len(rows), 'rating')}; `vermilion ratings add {out}` brings them in")


def _there(path: Path) -> Path:
    if not path.exists():
        raise InputError(f"{path}: not there yet; run `dvc repro` first")
    return path
