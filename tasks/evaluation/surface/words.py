"""Three dimensions in plain words: tiles and sentences that stand alone.

In: the record of `evaluate_surfaces`. Out: words. Knows nothing of how numbers came about.
"""

from collections.abc import Mapping
from typing import Any

from tasks.base.words import counted, counted_people
from tasks.evaluation.surface.compare import METHOD
from tasks.pages.chapter import Tile
from tasks.pages.environment import number, span


def tiles(record: Mapping[str, Any]) -> list[Tile]:
    """How many visits became faces, and how well the asymmetry follows what is known."""
    sets = record["sets"].values()
    made, every = sum(own["surfaces"] for own in sets), sum(own["sets"] for own in sets)
    placed, shown = sum(own["placed"] for own in sets), sum(own["photographs"] for own in sets)
    told = f"of {counted(every, 'visit')}; {placed} of {counted(shown, 'photograph')} placed"
    found = [Tile("Faces made in three dimensions", str(made), told, record["people"])]
    if (r := record["known"]["pearson"]) is not None:
        beside = f"Pearson\u2019s r, slope {number(record['known']['slope'])}, {len(record['known']['pairs'])} heads"
        found.append(Tile("Measured against known asymmetry", number(r), beside, len(record["known"]["pairs"])))
    return found


def findings(record: Mapping[str, Any]) -> list[str]:
    """The result as sentences."""
    said = [
        f"Nose and upper lip of {counted(own['count'], 'face')} ({population}) lie {number(own['median'])}\u2009mm "
        f"from their mirror image (median of root mean squares; {number(own['low'])} to {number(own['high'])})."
        for population, own in record["asymmetry"].items()
        if own["count"]
    ]
    pairs = record["known"]["pairs"]
    if record["known"]["pearson"] is not None:
        said.append(
            f"Of {counted(len(pairs), 'head')} whose asymmetry is known, measured asymmetry follows it: "
            f"Pearson\u2019s r {number(record['known']['pearson'])} and a slope of {number(record['known']['slope'])}."
        )
    found = record["agreement"].get("all ratings", {}).get(METHOD, {}).get("spearman")
    if found and found["value"] is not None:
        people = counted_people(found["n_images"], found["n_subjects"])
        said.append(
            "With all ratings, asymmetry of nose and upper lip in space has "
            f"Spearman\u2019s rho {number(found['value'])} ({span(found)}, {people})."
        )
    return said
