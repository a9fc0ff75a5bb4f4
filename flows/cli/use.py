"""`vermilion use`: from now on these photographs are measured."""

import re
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
import yaml

from flows.cli.project import project_root
from flows.cli.terminal import say
from tasks.errors import InputError


def use(
    folder: Annotated[Path, typer.Argument(help="Folder with photographs, images.csv or images.xlsx, and ratings.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what is there.")] = False,
) -> None:
    """Say what a folder of photographs holds, and name it in params.yaml as the one that is measured.

    Exit code 0: params.yaml names it; 2: the folder cannot be used, and nothing was changed.
    """
    root = project_root()
    numbers = root / "params.yaml"
    raw = folder.expanduser().resolve()
    shown = raw.relative_to(root.resolve()) if raw.is_relative_to(root.resolve()) else raw
    found = _found(raw, root)
    _check_place(shown, root)
    for line in found:
        say(line)
    if dry_run:
        return
    text = renamed(numbers.read_text(encoding="utf-8"), shown)
    from tasks.base.tables import replacing

    with replacing(numbers) as temporary:
        temporary.write_text(text, encoding="utf-8")
    say(f"params.yaml: data.raw is now {shown}; next: `dvc repro report`, then open data/reports/index.html")


def _found(raw: Path, root: Path) -> list[str]:
    """What the folder holds, in a few lines. InputError: it cannot be used."""
    from flows.running.holdings import holdings, limits
    from tasks.ingest.images.inventory import NoImages

    if raw.is_file():
        raise InputError(f"{raw}: a file; name the folder that it lies in, with the photographs: {raw.parent}")
    if not raw.is_dir():
        raise InputError(f"{raw}: no such folder")
    try:
        there = holdings(root, raw)
    except NoImages as error:
        raise InputError(f"{error}; add photographs (docs/raw-layout.md)") from error
    if not there.found.images.num_rows:
        raise InputError("\n".join([f"{raw}: no photograph can be used:", *there.notes]))
    return [*there.counts, *(f"note: {note}" for note in there.notes), *limits(root / "params.yaml")]


def _check_place(raw: Path, root: Path) -> None:
    """InputError where a run would refuse the folder: for its name, where it lies, or what DVC would wait for."""
    from pydantic import ValidationError

    from flows.running.readiness import MOST_TOLD, apart, strange
    from tasks import params
    from tasks.params.running import Data

    added = params.load(Data, "data", root / "params.yaml").added
    try:
        data = Data(raw=raw, added=added)
    except ValidationError as error:
        raise InputError(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    if wrong := apart(root, data):
        raise InputError(wrong)
    if odd := list(islice(strange(root / raw), MOST_TOLD)):
        raise InputError("\n".join(odd))


def renamed(text: str, raw: Path) -> str:
    """params.yaml with this raw folder; comments and everything else stay. InputError: it is not written as ours."""
    written = yaml.safe_dump(str(raw), allow_unicode=True, width=10_000).splitlines()[0]
    changed, count = re.subn(
        r"(?m)^(data:[^\n]*\n(?:[ \t]+[^\n]*\n)*?[ \t]+raw:)[^\n#]*(#[^\n]*)?$",
        lambda found: f"{found[1]} {written}" + (f" {found[2]}" if found[2] else ""),
        text,
    )
    if count != 1 or yaml.safe_load(changed)["data"]["raw"] != str(raw):
        raise InputError(f"params.yaml: no line `raw:` under `data:` could be changed; write `raw: {written}` there")
    return changed
