"""Photographs in profile measured one by one: what `vermilion measure --view left` computes.

In: files and the side of the face that they show. Out: one `Measured` per file with its page, or why it was refused.
Writes nothing.
"""

from pathlib import Path
from typing import Any

from flows.photographs.declared import PERSON, WHO
from flows.photographs.measure import Measured, Ready
from tasks.anthropometry.page import MeasuredFace
from tasks.anthropometry.profiles.measures import PROFILE_BY_NAME
from tasks.anthropometry.profiles.measuring import measure_profile, row_of
from tasks.anthropometry.profiles.page import render_profile_page, shown_profile
from tasks.base import images
from tasks.base.digests import file_digest
from tasks.findings.rules import findings, unasked
from tasks.ingest.faces.profile import View
from tasks.ingest.faces.views import seen_in_profile
from tasks.params.anthropometry import AnthropometryProfiles

WORDS = {name: measure.words for name, measure in PROFILE_BY_NAME.items()}


def measure_in_profile(path: Path, view: View, ready: Ready, settings: AnthropometryProfiles) -> Measured:
    """One photograph's profile. A file that cannot be measured gives a reason, never an exception."""
    image_id = ""
    try:
        images.check_size(path)
        image_id = file_digest(path)
        image = images.read(path)
        seen = seen_in_profile(image, view, ready.landmarks)
    except (OSError, ValueError) as error:  # refused by name: unreadable, no profile, uneven background
        reason = f"cannot be read: {error.strerror}" if isinstance(error, OSError) else str(error)
        html = render_profile_page(path.name, image_id=image_id, view=view, reason=reason)
        return Measured(path, MeasuredFace(path.name, image_id, reason), html=html)
    rows = measure_profile(row_of(seen) | {"view": view, "reason": None}, settings=settings, known_scale=ready.scale)
    person = ready.people.get(image_id) or dict.fromkeys(PERSON)
    norms = ready.norms.for_picture(person["notice"])
    own = [row for row in norms.rows if row["measure"] in PROFILE_BY_NAME]
    who = {name: person[name] for name in WHO}
    found = findings(rows, ready.rules, norms=own, **who)
    not_asked = unasked(rows, ready.rules, WORDS, norms=own, **who)
    provenance = [
        ("points", "on the head's outline before an even background"),
        ("outline", f"{seen.misfit:.2f} squared deviations from a usual profile"),
        ("nose height", f"{seen.unit:.0f} pixels"),
        *([("millimetres", ready.scale.words)] if ready.scale else []),
        ("norms", norms.said if own else "There are none of profiles."),
    ]
    shown = shown_profile(image, seen)
    same: dict[str, Any] = {"rows": rows, "findings": found, "unasked": not_asked, "norms": own}
    same |= {"gender": person["gender"], "age_group": person["age_group"], "provenance": provenance}
    html = render_profile_page(path.name, image_id=image_id, view=view, shown=shown, **same)
    return Measured(path, MeasuredFace(path.name, image_id, profile=shown, **same), rows, html)
