"""The numbers of `vermilion capture check`; no stage uses them."""

from pydantic import Field

from tasks.params import Block


class Capture(Block):
    """When a set of photographs of one visit is held to be enough for three dimensions."""

    side: int = Field(ge=256, description="longer side of the picture that is looked at, pixels")
    most_photographs: int = Field(ge=2, description="of one visit; more are refused unread")
    most_features: int = Field(ge=100, description="per photograph, the strongest")
    focal: float = Field(ge=0.2, le=20, description="of the longer side, where EXIF and faces say nothing of the lens")
    error: float = Field(gt=0, description="pixels of that picture that a match may lie off its line")
    least_matches: int = Field(ge=8, description="of two photographs: fewer, and they do not belong together")
    least_shared: int = Field(ge=3, description="points that a photograph and two others show: fewer, it comes not in")
    least_photographs: int = Field(ge=2, description="of a set that will do")
    most_gap: float = Field(
        gt=0, le=180, description="degrees between neighbours: above, a gap, unless points hold across it"
    )
    widest_gap: float = Field(
        gt=0, le=180, description="degrees between neighbours: above, a gap, whatever holds across it"
    )
    nearest_gap: float = Field(
        gt=0, le=180, description="degrees to the nearest neighbour, the median: above, the set makes no face"
    )
    step: float = Field(gt=0, le=180, description="degrees between neighbours that are asked for")
    least_reach: float = Field(gt=0, le=180, description="degrees to either side that must be covered")
    trusted_yaw: float = Field(gt=0, le=90, description="degrees to which a face's own points say where it looks")
    most_roll: float = Field(gt=0, le=180, description="degrees by which a head may lean in the picture")
    least_face: int = Field(ge=1, description="pixels from the hairline to the chin: fewer cannot be used")
    good_face: int = Field(ge=1, description="pixels from the hairline to the chin: fewer are noted")
    least_sharpness: float = Field(gt=0, lt=1, description="below: blurred, whatever the others are")
    least_of_middle: float = Field(gt=0, lt=1, description="share of the set's middle sharpness: below, blurred")
    least_light: float = Field(ge=0, le=255, description="level that a twentieth of the face exceeds: below, too dark")
    most_burnt: float = Field(gt=0, le=1, description="share of the face at the highest level: above, burnt out")
    most_distance: float = Field(gt=0, le=2, description="of face descriptors: above, another person")
    most_opening: float = Field(
        gt=0, le=1, description="change of the gap between the lips, interocular: above, it moved"
    )
    most_smile: float = Field(gt=0, le=3, description="change of the mouth's width, interocular: above, it moved")
