"""An empty form for a rater: the photographs that lack the rating, in the layout of ratings.csv.

In: the images and ratings as they are, a rater and a scale. Out: rows to be filled in (`score` is empty). Knows neither
files nor spreadsheets (tasks.base.sheets writes them).
"""

from typing import Any

import pyarrow as pa

from tasks.ingest.tables.spelling import key


def lacking(
    images: pa.Table, ratings: pa.Table, *, rater: str, role: str, scale: str, controls: bool
) -> list[dict[str, Any]]:
    """The stills from the front that the rater has not rated on the scale, each by its first name.

    Profiles, and photographs taken around a head, are not asked about: scales are about a face from the front. Controls
    only where others rated them; `controls`: all.
    """
    said = [row for row in ratings.to_pylist() if row["scale"] == scale]
    done = {row["image_id"] for row in said if key(row["rater_id"]) == key(rater)}
    others = {row["image_id"] for row in said}
    wanted = (
        row
        for row in images.to_pylist()
        if row["kind"] == "still"
        and row["view"] in (None, "frontal")
        and row["image_id"] not in done
        and (controls or row["population"] != "control" or row["image_id"] in others)
    )
    same = {"rater_id": rater, "rater_role": role, "scale": scale, "score": None}
    return [{"path": name} | same for name in sorted(row["names"][0] for row in wanted)]
