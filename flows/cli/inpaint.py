"""`vermilion inpaint`: the same face without the cleft."""

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from tqdm import tqdm

from flows.cli.outputs import output_folder
from flows.cli.project import JSON, WhichFace, project_root
from flows.cli.terminal import say
from flows.running.privacy import private_folder
from tasks.base.escaping import visible
from tasks.base.words import counted
from tasks.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flows.photographs.inpaint import Inpainted


Proposals = Annotated[int | None, typer.Option(min=1, max=20, help="Fillings, under masks that differ a bit.")]


def inpaint(
    photos: Annotated[
        list[Path], typer.Argument(metavar="PHOTO...", help="Photographs of faces in any common format, or folders.")
    ],
    mask: Annotated[
        str,
        typer.Option(
            metavar="auto|FILE",
            help="auto: lips and nose, by the landmarks; or a picture of the photograph's size (PNG), in which all "
            "that is not black is filled. A file goes with one photograph.",
        ),
    ] = "auto",
    devices: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A second painted mask, of tape, tubes and bars that are to go, too."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for one page per photograph, and its pictures as PNG.")
    ] = None,
    proposals: Proposals = None,
    face: WhichFace = None,
    as_json: JSON = False,
) -> None:
    """Hide lips and nose, and let a network that only faces without a cleft have trained draw them anew.

    Outside the mask no pixel changes. What is drawn is one possible face, no forecast of surgery. Exit code 0: all were
    filled; 1: at least one was refused, with its reason; 2: nothing could be run; 130: it was interrupted.
    """
    if out is not None:
        output_folder(out, "--out")
    root = project_root()
    from flows.photographs import faces, files  # torch takes seconds to import
    from flows.photographs import inpaint as filling
    from flows.repository.currency import not_current
    from tasks import params
    from tasks.params.ingest import IngestImages

    found = files.find(photos, params.load(IngestImages, "ingest_images", root / "params.yaml").still_suffixes)
    by_hand = None if mask == "auto" else Path(mask)
    if (by_hand or devices) and len(found.photographs) > 1:
        raise InputError("a painted mask goes with one photograph; call `vermilion inpaint` for each")
    opened = filling.open_network(root, proposals=proposals, which=faces.asked(face))
    notices = [*(stale.after("Of the network: ") for stale in [not_current(root)] if stale), *opened.notices]
    fill = partial(filling.inpaint, opened=opened, mask=by_hand, devices=devices)
    results = _filled(found.photographs, fill, out, notices)
    _print(results, notices, as_json=as_json)
    if out is not None:
        say(f"pages and pictures: {out}", error=True)
    raise typer.Exit(any(result.face.reason for result in results))


def _filled(
    photographs: "Sequence[Path]", fill: "Callable[[Path], Inpainted]", out: Path | None, notices: "Sequence[str]"
) -> "list[Inpainted]":
    """Each photograph's result. Its page and pictures are written at once, so that an interruption loses none."""
    results: list[Inpainted] = []
    for number, photo in enumerate(tqdm(photographs, "filling", unit="photo", disable=not sys.stderr.isatty())):
        results.append(fill(photo))
        if out is not None:
            _write(results[-1], private_folder(out), f"{number + 1:03d}-{photo.stem[:60]}", notices)
    return results


def _write(result: "Inpainted", out: Path, stem: str, notices: "Sequence[str]") -> None:
    """The page, and at the photograph's own resolution each filling, the mask and the masked photograph.

    The page's name ends as `PAGE` says: `vermilion score` may write `stem`.html into the same folder.
    """
    import numpy as np

    from flows.photographs.marks import PAGE, marked_page, marked_png
    from tasks.base.images import encode_png
    from tasks.base.tables import replacing
    from tasks.evaluation.inpainting.page import render_filled_page
    from tasks.evaluation.inpainting.section import GREY

    images = [result.image_id] if result.image_id else []
    written = {f"{stem}{PAGE}": marked_page(render_filled_page(result.face, notices=notices), images).encode()}
    for number, own in enumerate(result.fillings):
        name = stem if number == 0 else f"{stem}-proposal-{number + 1}"
        written[f"{name}-filled.png"] = encode_png(own.photograph)
    if result.image is not None:
        mask = result.fillings[0].mask[..., None]
        written[f"{stem}-mask.png"] = encode_png(np.repeat(mask * np.uint8(255), 3, axis=2))
        written[f"{stem}-masked.png"] = encode_png(np.where(mask, np.uint8(GREY), result.image))
    for name, content in written.items():
        with replacing(out / name) as temporary:
            temporary.write_bytes(marked_png(content, "inpaint", images) if name.endswith(".png") else content)


def _print(results: "Sequence[Inpainted]", notices: "Sequence[str]", *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([result.record() | {"notices": list(notices)} for result in results], indent=1))
        return
    for result in results:
        face = result.face
        said = f"not filled: {face.reason}" if face.reason else f"filled ({face.masked} hidden)"
        if len(result.fillings) > 1:
            said += f", {counted(len(result.fillings), 'proposal')}"
        said += f"; {face.which}" if face.which else ""
        said += f"; not valid here: {face.doubt}" if face.doubt else ""
        say(f"{visible(str(result.path))}: {said}")
    for line in notices:
        say(line)
