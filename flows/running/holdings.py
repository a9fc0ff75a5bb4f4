"""What the data folders hold, in the words in which `vermilion use`, `check` and `ratings status` tell it.

In: the project's folder. Out: what was found there (tasks.ingest.raw_folders.preview), and lines for people: how much
there is, and what a steward should look at. Of pictures only the beginning is looked at: whether they are any.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tasks import params
from tasks.base.digests import file_digest
from tasks.base.words import counted, listed_lines
from tasks.ingest.faces.views import VIEWED
from tasks.ingest.images.withdrawn import read_withdrawn
from tasks.ingest.raw_folders.preview import Found, find, glance, remarks
from tasks.ingest.tables.raw_layout import folders
from tasks.params.anthropometry import AnthropometryMeasure, Measure
from tasks.params.ingest import IngestImages, IngestLandmarks, IngestRatings
from tasks.params.running import Data

TOLD = 5
"""So many lines and files of one kind are shown."""
KINDS = {"still": "photograph", "clip": "clip"}
HEAD = 4096
"""Bytes by which a file that is no picture is named."""
NOT_DECODED = (
    "of each picture only the beginning was looked at: which are cut off or damaged, or show no face that can be "
    "measured, the run says"
)
LIMITS = ("min_sharpness", "min_mouth_contrast")
"""Limits of ingest_landmarks whose values in params.yaml were set on drawn faces."""


@dataclass(frozen=True)
class Holdings:
    """What was found, and what to tell of it. `notes`: what cannot be used, is passed over, or has to be asked."""

    found: Found
    counts: Sequence[str]
    notes: Sequence[str]


def holdings(root: Path, raw: Path | None = None, *, most: int = TOLD) -> Holdings:
    """What the raw folder (`raw`, else the one that params.yaml names) and the batches hold.

    RawLayoutError where a table cannot be used, NoImages where none is named. Files' contents are told apart at a
    glance, but read whole where photographs were withdrawn: only so is a withdrawn one known. A still that does not
    begin as a picture is not counted, and told.
    """
    numbers = root / "params.yaml"
    where = params.load(Data, "data", numbers)
    settings = params.load(IngestImages, "ingest_images", numbers)
    scales = params.load(IngestRatings, "ingest_ratings", numbers).scales
    withdrawn = read_withdrawn(root / where.added)
    odd: dict[str, str] = {}
    found = find(
        folders(raw or root / where.raw, root / where.added),
        settings=settings,
        scales=scales,
        withdrawn=withdrawn,
        identify=partial(_known, odd, identify=file_digest if withdrawn.digests else glance, settings=settings),
    )
    rows = found.images.select(["image_id", "names"]).to_pylist()
    strange = sorted(f"{row['names'][0]}: {odd[row['image_id']]}" for row in rows if row["image_id"] in odd)
    said = list(remarks(found, settings=settings, scales=scales))
    asked = [row["reason"] for row in said if row["kind"] == "asked"]
    over = [f"{row['path']}: {row['reason']}" for row in said if row["kind"] == "passed over"]
    notes = [
        *listed_lines(
            [line_of(row) for row in found.refused], most, "line that cannot be used", "lines that cannot be used"
        ),
        *listed_lines(strange, most, "file that is no picture", "files that are no pictures"),
        *listed_lines(asked, most, "pair of names that look alike", "pairs of names that look alike"),
        *listed_lines(over, most, "file passed over", "files passed over"),
    ]
    pictures = found.images.filter(pc.invert(pc.is_in(found.images["image_id"], pa.array(sorted(odd), pa.string()))))
    found = replace(found, images=pictures)
    return Holdings(found, list(counts(found)), notes)


def _known(odd: dict[str, str], file: Path, *, identify: Callable[[Path], str], settings: IngestImages) -> str:
    """The content's id; of a still that is no picture `odd` then has what it is."""
    image_id = identify(file)
    if file.suffix.lower() in settings.still_suffixes and (what := no_picture(file)):
        odd[image_id] = what
    return image_id


def no_picture(file: Path) -> str | None:
    """What a file is that does not begin as a picture of any format that is read; None where it does. Decodes nothing.

    OSError: it cannot be opened.
    """
    from PIL import Image, UnidentifiedImageError

    from tasks.base.images import FORMATS  # OpenCV takes a second
    from tasks.base.whole_files.containers import stranger

    try:
        with Image.open(file, formats=FORMATS):
            return None
    except UnidentifiedImageError:
        with file.open("rb") as opened:
            named = stranger(opened.read(HEAD))
        return named or f"not a picture in a format that can be read ({', '.join(FORMATS)})"
    except OSError:
        raise
    except Exception:  # it begins as one: what is wrong further on, the run says
        return None


def counts(found: Found) -> Iterator[str]:
    """How much there is: `control: 12 photographs of 11 people, 3 in profile`; ratings by scale; references."""
    seen = found.images.select(["population", "kind", "view"]).to_pylist()
    profiles = Counter((row["population"], row["kind"]) for row in seen if row["view"] in VIEWED)
    for (population, kind), whose in sorted(found.persons().items()):
        people = counted(len(set(whose)), "person", "people")
        number = profiles[population, kind]
        aside = f", {number} in profile" if number else ""
        yield f"{population}: {counted(len(whose), KINDS[kind])} of {people}{aside}"
    rows = found.ratings.select(["scale", "rater_id"]).to_pylist()
    for scale, number in sorted(Counter(row["scale"] for row in rows).items()):
        raters = len({row["rater_id"] for row in rows if row["scale"] == scale})
        yield f"{counted(number, 'rating')} on {scale} by {counted(raters, 'rater')}"
    if not rows:
        yield "no ratings"
    if found.references.num_rows:
        yield counted(found.references.num_rows, "reference")
    if "still" in {row["kind"] for row in seen}:
        yield NOT_DECODED


def line_of(row: Mapping[str, object]) -> str:
    """A refused line: `ratings.xlsx, line 4: p07.jpg: score 7 is outside CARS, 1 to 5`."""
    return f"{row['source']}, line {row['line']}: {row['path']}: {row['reason']}".replace(": : ", ": ")


def limits(numbers: Path) -> list[str]:
    """What to know about the numbers of params.yaml that are those of drawn faces; none where it has none of them."""
    settings = params.load(IngestLandmarks, "ingest_landmarks", numbers)
    measured = params.load(AnthropometryMeasure, "anthropometry_measure", numbers)
    usual = params.load(Measure, "measure", numbers)
    told = []
    if any(getattr(settings, name) for name in LIMITS):
        told.append(
            f"params.yaml, ingest_landmarks: {' and '.join(LIMITS)} were set on drawn faces; if the report says that "
            "sharp photographs of yours were refused as blurred or covered, set both to 0 (docs/raw-layout.md)"
        )
    wider = [name for name in ("most_smile", "most_opening") if getattr(measured, name) > getattr(usual, name)]
    other = ["errors"] * (measured.errors != usual.errors) + wider
    if other:
        right = ", ".join(f"{name}: {getattr(usual, name)}" for name in other)
        told.append(
            f"params.yaml, anthropometry_measure: write {right} for photographs; what stands there is for drawn faces: "
            "intervals would be theirs, and smiling or open mouths measured as if at rest (docs/raw-layout.md)"
        )
    return told
