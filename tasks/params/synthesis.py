"""The numbers of the synthesis stages (Rosero et al. 2025, DiffusionCleft)."""

from typing import Literal

from pydantic import Field

from tasks.params import Block

Precision = Literal["float32", "bfloat16", "fp8", "int8", "nf4"]
"""How the frozen base's weights are held while an adapter is trained or pictures are drawn."""


class StandIn(Block):
    """A FLUX of the same classes at tiny size, pretrained on drawn faces of controls (tasks.synthesis.standin)."""

    seed: int = Field(ge=0)
    size: int = Field(ge=32, description="side of the drawn faces, pixels; a multiple of 16")
    faces: int = Field(ge=8, description="drawn to learn from")
    frame: float = Field(ge=1, description="the square around a face; as synthesis_captions: frame")
    vae_channels: tuple[int, ...] = Field(description="feature maps per level; each but the first halves the side")
    latent_channels: int = Field(ge=1)
    vae_steps: int = Field(ge=1)
    vae_batch: int = Field(ge=1)
    vae_rate: float = Field(gt=0)
    width: int = Field(ge=16, description="of the transformer: heads times 32")
    double_blocks: int = Field(ge=1)
    single_blocks: int = Field(ge=1)
    text_width: int = Field(ge=8, description="of both text encoders")
    text_length: int = Field(ge=8, description="tokens that T5 reads")
    steps: int = Field(ge=1, description="of the transformer's pretraining")
    directions: int = Field(ge=1, description="of the faces' latents in which noise and face belong together")
    batch: int = Field(ge=1)
    rate: float = Field(gt=0, description="highest learning rate")
    matrix_rate: float = Field(gt=0, description="the same of the blocks' matrices, which Muon trains")
    average: float = Field(ge=0, lt=1, description="share of the running mean of weights kept each step")


class SynthesisBase(Block):
    """The base model that adapters are trained on (tasks.synthesis.base)."""

    source: str = Field(description="stand_in, or the name of a base registered by `vermilion synthesis register`")
    threads: int = Field(ge=1, description="CPU threads; another number gives other last bits")
    stand_in: StandIn


class Triggers(Block):
    """The word that calls an adapter's condition up (Table 1)."""

    pre: str = Field(min_length=1)
    post: str = Field(min_length=1)


class SynthesisCaptions(Block):
    """Captions of the patients' photographs, and who trains (tasks.synthesis.captions; section 4.1)."""

    triggers: Triggers
    held_out: float = Field(ge=0, lt=1, description="share of the subjects whom no adapter learns from")
    seed: int = Field(ge=0, description="of the choice of people who are held out")
    most_controls: float = Field(ge=0, le=1, description="share of the controls' subjects that take part")
    frame: float | None = Field(
        ge=1, description="side of the square around a face, by its landmarks' extent; null: whole photographs"
    )


class SynthesisCache(Block):
    """What the VAE and the text encoders make of pictures and captions, once (tasks.synthesis.latents; section 3.2)."""

    sides: tuple[int, ...] = Field(description="resolutions, multiples of 16; published: 256, 512, 768, 1024")
    most_aspect: float = Field(ge=1, description="longer side over shorter side, at most")
    flips: bool = Field(description="mirrored pictures as entries of their own")
    tiling: bool = Field(description="the VAE sees pictures over 512 px in tiles: less memory, other last bits")
    threads: int = Field(ge=1)


class Timesteps(Block):
    """Which noise levels training looks at (docs/synthesis.md says why)."""

    kind: Literal["uniform", "logit_normal", "shifted"]
    mean: float = Field(description="logit_normal: of the logit")
    deviation: float = Field(gt=0, description="logit_normal: of the logit")
    shift: float = Field(gt=0, description="shifted: s -> shift s / (1 + (shift - 1) s) of uniform s")


class SynthesisTrain(Block):
    """LoRA adapters on the transformer (tasks.synthesis.adapter.training; sections 3.2, 4.2)."""

    seed: int = Field(ge=0)
    threads: int = Field(ge=1)
    rank: int = Field(ge=1, description="published: 16")
    alpha: float = Field(gt=0, description="published: 32")
    targets: tuple[str, ...] = Field(description="linear layers of the transformer, by the end of their names")
    steps_per_image: float = Field(gt=0, description="published: 10")
    batch_size: int = Field(ge=1, description="published: 1")
    learning_rate: float = Field(gt=0, description="published: 1e-4")
    warmup_steps: int = Field(ge=0)
    flat_share: float = Field(ge=0, le=1, description="of the steps before the rate falls linearly; 1: it never does")
    weight_decay: float = Field(ge=0, le=10)
    optimiser: Literal["adamw8bit", "adamw"] = Field(description="published: adamw8bit (bitsandbytes)")
    smallest_8bit: int = Field(ge=1, description="numbers below which a tensor's optimiser state stays in 32 bits")
    clip_norm: float = Field(gt=0, description="of the gradient")
    timesteps: Timesteps
    precision: Precision
    gradient_checkpointing: bool
    preservation: float = Field(ge=0, lt=1, description="share of the examples that are controls without trigger")
    training_adapter: str | None = Field(description="frozen adapter during training, a file in data/weights; or null")
    checkpoint_every: int = Field(ge=1, description="steps")
    sample_every: int = Field(ge=1, description="steps")
    samples: int = Field(ge=0, description="pictures drawn each time, with fixed prompts and seeds")


class Grammar(Block):
    """What prompts are made of (Table 1): by part, its values; what does not go together."""

    person: dict[Literal["pre", "post"], tuple[str, ...]]
    skin_tone: tuple[str, ...]
    hair: tuple[str, ...]
    eyes: tuple[str, ...]
    cleft: dict[Literal["pre", "post"], tuple[str, ...]]
    status: dict[Literal["pre", "post"], str]
    closing: str
    excluded: tuple[dict[str, tuple[str, ...]], ...] = Field(description="values by part that never meet in a prompt")


class SynthesisPrompts(Block):
    """Which pictures are asked for (tasks.synthesis.prompts; section 3.3)."""

    seed: int = Field(ge=0)
    count: int = Field(ge=1, description="pictures per condition; published: 2000")
    grammar: Grammar


class SynthesisGenerate(Block):
    """How pictures are drawn (tasks.synthesis.generation; section 4.2)."""

    threads: int = Field(ge=1)
    side: int = Field(ge=16, description="pixels, a multiple of 16; published: 768")
    steps: int = Field(ge=1, description="denoising steps; published: 4")
    guidance: float = Field(ge=0, description="published: 1; schnell takes none")
    together: int = Field(ge=1, description="pictures drawn at a time")
    precision: Precision
    adapter_scale: float = Field(ge=0, description="of the adapter; 1: as trained")
    tiling: bool = Field(description="the VAE draws pictures over 512 px in tiles: less memory, other last bits")


class SynthesisScreen(Block):
    """What is held against a generated picture (tasks.synthesis.gate.screening; section 6, Figure 8)."""

    side: int = Field(ge=64, description="pictures smaller than this are enlarged to it for the detector, pixels")
    min_score: float = Field(ge=-3, le=5, description="detector score below which a box is no face")
    second_face_score: float = Field(ge=-3, le=5, description="score from which a second box is a second face")
    min_inside: float = Field(ge=0, le=1, description="share of the face's outline that lies in the picture")
    max_yaw: float = Field(ge=0, le=90, description="degrees")
    max_pitch: float = Field(ge=0, le=90, description="degrees")
    max_roll: float = Field(ge=0, le=180, description="degrees")
    max_eye_cover: float = Field(ge=0, description="see tasks.synthesis.gate.screening")
    max_text_strength: float = Field(ge=0, description="see tasks.synthesis.gate.screening")
    min_sharpness: float = Field(ge=0, le=1, description="share of gradient energy lost by a small blur, 0..1")
    skin_tones: dict[str, tuple[float, float]] = Field(
        description="lowest and highest individual typology angle of each tone asked for, degrees"
    )
    adult_ratio: tuple[float, float] = Field(
        description="eye height over face height below which a face is no child, and above which no adult"
    )


class SynthesisIdentity(Block):
    """Whether a generated face is somebody's (tasks.synthesis.gate.identity; section 4.3.1)."""

    network: Literal["dlib", "arcface"] = Field(description="published: arcface (InsightFace w600k_r50)")
    side: int = Field(ge=64, description="pictures smaller than this are enlarged to it for the detector, pixels")
    threshold: float = Field(
        ge=-1, le=1, description="arcface: cosine similarity from which two faces are one; published: 0.6"
    )
    dlib_distance: float = Field(
        gt=0, le=2, description="dlib: distance up to which two faces are one; 0.6 on photographs"
    )
    repeated: float = Field(gt=0, le=1, description="likeness from which a picture repeats a photograph")


class SynthesisMeasure(Block):
    """Fidelity and diversity (tasks.synthesis.measures; sections 4.3.2, 4.3.3, 5.4)."""

    seed: int = Field(ge=0)
    threads: int = Field(ge=1)
    inception: Literal["random", "pt_inception_fid"] = Field(description="random: a stand-in")
    dims: Literal[64, 192, 768, 2048] = Field(description="features, by pytorch-fid's blocks; published: 2048")
    lpips_net: Literal["squeeze", "alex", "vgg"] = Field(description="published: alex, the package's default")
    lpips_trunk: str = Field(description="random: a stand-in; else the net's trunk in the registry")
    pairs: int = Field(ge=1, description="of generated pictures, for LPIPS; published: 2000")
    kid_subsets: int = Field(ge=1)
    kid_subset_size: int = Field(ge=2)


class SynthesisClassify(Block):
    """Networks trained on generated pictures, tested on photographs (measures.classifiers; section 5.5)."""

    seed: int = Field(ge=0)
    threads: int = Field(ge=1)
    network: Literal["mobilenet_v2", "pixels"] = Field(
        description="pixels: logistic regression of the crop, where pictures are too few or too small for a network"
    )
    penalty: float = Field(gt=0, description="of the regression's weights; pixels alone")
    softened: bool = Field(
        description="photographs go through the base's autoencoder, so that they are as soft as generated pictures"
    )
    input_size: int = Field(ge=32, description="pixels; published (Rosero et al. 2024): 224")
    width: float = Field(gt=0, le=2, description="MobileNetV2's width multiplier; ImageNet weights need 1")
    initial_weights: Literal["random", "mobilenet_v2_imagenet", "mobilenet_v2_torchvision"]
    region: Literal["face", "mouth"] = Field(description="what the network sees")
    steps: int = Field(ge=1)
    batch_size: int = Field(ge=2)
    learning_rate: float = Field(gt=0)
    validation: float = Field(gt=0, lt=1, description="share of the generated pictures that choose the best weights")
