"""The page that lies beside an adapter: what it is, what it was made from, how it is loaded, what it is not for.

In: what is known of a training. Out: Markdown with the front matter that model collections read. Counts only: no
name, no id, no picture of a person. Mitchell et al. 2019, Model Cards for Model Reporting; Rosero et al. 2025,
DiffusionCleft, section 8. Knows nothing of networks.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from tasks.params.synthesis import SynthesisGenerate, SynthesisTrain
from tasks.synthesis.manifest import Manifest

WHAT = {"pre": "an unrepaired cleft lip", "post": "a repaired cleft lip"}

TEXT = """\
---
{front}---

# Faces with {what}: LoRA adapter ({condition})

Trained by Vermilion after Rosero et al. 2025, *DiffusionCleft: Facial Anomaly Synthesis Guided by Text*.
{stand_in}
| what | value |
|---|---|
| base | {base}, licence: {licence} |
| trained on | {photographs} photographs of {subjects} people, each also mirrored |
| trigger | `[{trigger}]` at the front of the prompt |
| steps | {steps}, batches of {batch}, {optimiser}, rate {rate} |
| rank, alpha | {rank}, {alpha}: already multiplied into the file, which is loaded at scale 1 |
| base held in | {precision} |
| noise levels | {timesteps} |
| controls among the examples | {preservation} % |
| loss | {first:.4f} at step {first_step}, {last:.4f} at step {last_step} |
| sha256 | `{sha256}` |

## Load it

```python
import torch
from diffusers import FluxPipeline

pipe = FluxPipeline.from_pretrained(BASE, dtype=torch.{dtype})
pipe.load_lora_weights(FOLDER, weight_name="pytorch_lora_weights.safetensors")
prompt = "{example}"
picture = pipe(prompt, num_inference_steps={draw_steps}, guidance_scale={guidance}, height={side}, width={side},
               max_sequence_length={length}, generator=torch.Generator("cpu").manual_seed(1)).images[0]
```

## What it is for, and what not

For research, teaching and the training of other models, with pictures that were screened and compared with the
training photographs. The adapter itself was trained on patients: whoever has it can draw as many pictures as they like,
without that gate. Pass it on only where the photographs' consent allows that; share released pictures instead. Not for
showing a person what a surgeon would achieve, for identifying or imitating anybody, for diagnosis, or for any decision
about a patient. Its pictures must be called generated wherever they are shown. What skin tones, ages and kinds of cleft
it draws well follows the photographs it saw; look at the report's contact sheet before you use them.
"""


STAND_IN = "\n**The base is a small stand-in trained on drawn faces: this adapter draws drawings, not people.**\n"


def card(
    *,
    condition: str,
    base: Manifest,
    photographs: int,
    subjects: int,
    trigger: str,
    example: str,
    settings: SynthesisTrain,
    drawing: SynthesisGenerate,
    curves: Sequence[Mapping[str, Any]],
    sha256: str,
) -> str:
    """The page. `curves`: rows of the table ADAPTER_CURVES, one at least; `example`: a prompt."""
    flat = settings.flat_share
    return TEXT.format(
        front=_front(base, trigger),
        what=WHAT[condition],
        condition=condition,
        stand_in=STAND_IN if base.stand_in else "",
        base=base.name,
        licence=base.licence,
        photographs=photographs,
        subjects=subjects,
        trigger=trigger,
        example=example.replace('"', "'"),
        steps=curves[-1]["step"],
        batch=settings.batch_size,
        optimiser=settings.optimiser,
        rate=f"{settings.learning_rate:g}" + (f", falling after {flat:.0%} of the steps" if flat < 1 else ""),
        rank=settings.rank,
        alpha=f"{settings.alpha:g}",
        precision=settings.precision,
        dtype="float32" if settings.precision == "float32" else "bfloat16",
        timesteps=settings.timesteps.kind,
        preservation=f"{100 * settings.preservation:g}",
        first=curves[0]["loss"],
        first_step=curves[0]["step"],
        last=curves[-1]["loss"],
        last_step=curves[-1]["step"],
        sha256=sha256,
        draw_steps=drawing.steps,
        guidance=f"{drawing.guidance:g}",
        side=drawing.side,
        length=base.text_length,
    )


def _front(base: Manifest, trigger: str) -> str:
    """The front matter, as model collections read it."""
    front = {
        "base_model": base.name,
        "library_name": "diffusers",
        "license": "other",
        "tags": ["flux", "lora", "text-to-image", "cleft-lip", "synthetic-faces"],
        "instance_prompt": f"[{trigger}]",
    }
    return yaml.safe_dump(front, sort_keys=True)
