"""Generators are read from files as they were written, and nothing in a file is run."""

from pathlib import Path

import pytest
import torch

from tasks.anomaly.checkpoints import GeneratorError, load_generator, provenance_of, require_size, save_generator
from tasks.anomaly.stylegan2 import Architecture, Generator


def small(**changes: object) -> Architecture:
    channels = {4: 8, 8: 8, 16: 4, 32: 4}
    settings = {"resolution": 32, "z_dim": 8, "w_dim": 6, "mapping_layers": 2, "mapping_rate": 0.01}
    return Architecture(**(settings | {"channels": channels, "conv_clamp": None, "half_resolutions": 0} | changes))


def drawn(architecture: Architecture) -> Generator:
    """A generator with every number drawn, none left at zero."""
    draw = torch.Generator().manual_seed(1)
    generator = Generator(architecture)
    with torch.no_grad():
        for value in (*generator.parameters(), *generator.buffers()):
            value.copy_(torch.randn(value.shape, generator=draw))
    return generator


def test_our_own_file_gives_back_the_same_generator(tmp_path: Path) -> None:
    generator = drawn(small(conv_clamp=256.0, half_resolutions=2))
    content = save_generator(generator, provenance={"trained_on": ["a" * 64]})
    (tmp_path / "generator.safetensors").write_bytes(content)
    loaded = load_generator(tmp_path / "generator.safetensors")
    assert loaded.architecture == generator.architecture
    assert {n: v.tolist() for n, v in loaded.state_dict().items()} == {
        n: v.tolist() for n, v in generator.state_dict().items()
    }
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert save_generator(loaded, provenance={"trained_on": ["a" * 64]}) == content
    assert provenance_of(tmp_path / "generator.safetensors") == {"trained_on": ["a" * 64]}


def test_a_generator_of_another_size_is_told_with_both_sizes() -> None:
    generator = Generator(small())
    require_size(generator, 32)
    with pytest.raises(GeneratorError, match=r"draws pictures of 32 pixels, not 64"):
        require_size(generator, 64)
