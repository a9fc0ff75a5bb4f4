"""Texts: encoded as diffusers encodes them, nothing cut in silence, words told apart."""

from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from transformers import T5TokenizerFast

from tasks.schemas.synthesis import CAPTIONS, TEXTS
from tasks.synthesis.standin.build import encoders_of
from tasks.synthesis.standin.faces import CLOSING
from tasks.synthesis.standin.text import WORDS
from tasks.synthesis.texts import cache_texts, encode
from tests.synthesis.tiny import settings, tiny_base

PROMPT = (
    "[CLP] A girl's whole face with an unrepaired unilateral cleft lip. Light skin. Brown eyes. Short brown hair. "
    "Only one face, no text, no watermarks, no masks or occlusions."
)


@pytest.fixture(scope="module")
def encoders() -> Any:
    return encoders_of(settings(text_width=64))


def test_the_grammars_words_are_one_token_each_and_others_are_spelled(encoders: Any) -> None:
    for word in WORDS:
        assert len(encoders.clip_tokenizer(word).input_ids) == 3
        assert len(encoders.t5_tokenizer(word).input_ids) == 2
    pieces = encoders.t5_tokenizer.convert_ids_to_tokens(encoders.t5_tokenizer("Zebra née").input_ids)
    assert pieces == ["▁", "Z", "e", "b", "r", "a", "▁", "n", "<unk>", "e", "</s>"]
    assert len(encoders.clip_tokenizer("zebra").input_ids) > 3


def test_stops_belong_to_their_words_and_what_every_prompt_says_is_one_token(encoders: Any, tmp_path: Path) -> None:
    encoders.t5_tokenizer.save_pretrained(tmp_path)
    for tokenizer in (encoders.t5_tokenizer, T5TokenizerFast.from_pretrained(tmp_path)):
        pieces = tokenizer.convert_ids_to_tokens(tokenizer(PROMPT).input_ids)
        assert " ".join(pieces[:6]) == "▁[ CLP ] ▁A ▁girl 's whole face"
        assert pieces[-5:] == ["▁Short", "▁brown", "▁hair.", CLOSING, "</s>"]
        assert tokenizer.convert_ids_to_tokens(tokenizer("no text, one face").input_ids) == [
            "▁no", "▁text,", "▁one", "▁face", "</s>",
        ]  # fmt: skip
    assert len(pieces) == 21


def test_one_word_changes_what_is_encoded_and_so_does_its_neighbour(encoders: Any) -> None:
    other = PROMPT.replace("Light", "Dark")
    swapped = PROMPT.replace("Brown eyes. Short brown", "Blue eyes. Short brown")
    found = encode(encoders, [PROMPT, other, swapped, PROMPT.replace("[CLP] ", "")], length=28)
    near = F.cosine_similarity(found.tokens[0], found.tokens[1], dim=-1)
    assert near.min() < 0.6
    assert (near > 0.999).sum() > 20
    assert (F.cosine_similarity(found.pooled[:1], found.pooled[1:]) < 0.995).all()
    hair = encoders.t5_tokenizer(PROMPT).input_ids.index(encoders.t5_tokenizer.convert_tokens_to_ids("▁hair."))
    assert torch.allclose(found.tokens[0, hair], found.tokens[2, hair], atol=0.01)


def test_tokens_beyond_an_encoders_length_are_counted(encoders: Any) -> None:
    long = "face " * 100
    found = encode(encoders, [PROMPT, long], length=15)
    assert found.clip_over == [0, 102 - 77]
    assert found.t5_over == [len(encoders.t5_tokenizer(PROMPT).input_ids) - 15, 101 - 15]
    assert found.tokens.shape == (2, 15, 64)


def test_captions_are_encoded_as_flux_encodes_them(tmp_path: Path) -> None:
    from diffusers import FluxPipeline

    path = tiny_base(tmp_path)
    captions = [
        {"image_id": "a", "subject_id": "a", "condition": "pre", "split": "train", "prompt": PROMPT, "edited": False},
        {"image_id": "b", "subject_id": "b", "condition": "pre", "split": "train", "edited": False, "reason": "?"},
    ]
    found = cache_texts(CAPTIONS.table(captions), base=path)
    assert found.schema.names == TEXTS.table([]).schema.names
    (row,) = found.to_pylist()
    pipeline = FluxPipeline.from_pretrained(tmp_path, local_files_only=True)
    with torch.no_grad():
        tokens, pooled, _ = pipeline.encode_prompt(PROMPT, None, max_sequence_length=48)
    assert torch.allclose(torch.tensor(row["pooled"]), pooled[0], atol=1e-6)
    assert torch.allclose(torch.tensor(row["tokens"]).reshape(48, -1), tokens[0], atol=1e-6)
    assert (row["clip_over"], row["t5_over"]) == (0, 0)
