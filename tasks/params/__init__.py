"""params.yaml as frozen models: one block a stage, every number once, unknown keys refused.

In: params.yaml. Out: one `Block` for the stage that asks. Knows nothing of what the numbers do.
"""

from tasks.params.anomaly import (
    Adversarial,
    AnomalyAdapt,
    AnomalyAlign,
    AnomalyGenerator,
    AnomalyInvert,
    AnomalyPerceptual,
    AnomalyScore,
    ControlAugmentation,
    FaceLoss,
    Reconstruction,
)
from tasks.params.block import Block, ParamsError, load
from tasks.params.evaluation import Evaluate, Report
from tasks.params.ingest import IngestFrames, IngestImages, IngestLandmarks, IngestLips, IngestRatings, Scale
from tasks.params.phantoms import PhantomRater, PhantomsDraw, PhantomVariation
from tasks.params.running import Data, Nightly, Runtime
from tasks.params.symmetry import Augmentation, MostPairs, PairCounts, SymmetryPairs, SymmetryTrain, SymmetryWarp
from tasks.params.synthesis import (
    Grammar,
    StandIn,
    SynthesisBase,
    SynthesisCache,
    SynthesisCaptions,
    SynthesisClassify,
    SynthesisGenerate,
    SynthesisIdentity,
    SynthesisMeasure,
    SynthesisPrompts,
    SynthesisScreen,
    SynthesisTrain,
    Timesteps,
    Triggers,
)

__all__ = [
    "AnomalyAdapt",
    "Adversarial",
    "AnomalyAlign",
    "AnomalyGenerator",
    "ControlAugmentation",
    "Reconstruction",
    "AnomalyInvert",
    "AnomalyPerceptual",
    "AnomalyScore",
    "Augmentation",
    "Block",
    "Data",
    "Evaluate",
    "FaceLoss",
    "IngestFrames",
    "IngestImages",
    "IngestLandmarks",
    "IngestLips",
    "IngestRatings",
    "MostPairs",
    "Nightly",
    "PairCounts",
    "ParamsError",
    "PhantomRater",
    "PhantomVariation",
    "PhantomsDraw",
    "Report",
    "Runtime",
    "Scale",
    "SymmetryPairs",
    "SymmetryTrain",
    "SymmetryWarp",
    "Grammar",
    "StandIn",
    "SynthesisBase",
    "SynthesisCache",
    "SynthesisCaptions",
    "SynthesisClassify",
    "SynthesisGenerate",
    "SynthesisIdentity",
    "SynthesisMeasure",
    "SynthesisPrompts",
    "SynthesisScreen",
    "SynthesisTrain",
    "Timesteps",
    "Triggers",
    "load",
]
