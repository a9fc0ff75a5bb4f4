"""The stand-in's tokenisers and text encoders: the real classes, few words, random frozen weights.

In: the settings. Out: CLIP's and T5's tokenisers with the words of the prompts' grammar (Rosero et al. 2025, Table 1)
and of captions, and encoders that tell these words apart though nobody trained them. CLIP pooled is a mixture of the
words of the text; a T5 token is its word with a little of its neighbours, so that brown eyes are not brown hair. A stop
or comma belongs to T5's word before it, and what stands in every prompt is one piece: the transformer's time goes by
tokens, and without this half of them would say nothing. Any other word is spelled in letters, and a letter that nobody
knows is T5's <unk>. Knows nothing of pictures.
"""

import string
from collections import Counter

import torch
from tokenizers import AddedToken
from tokenizers.pre_tokenizers import ByteLevel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer, T5Config, T5EncoderModel, T5TokenizerFast

from tasks.base import runtime
from tasks.params.synthesis import StandIn
from tasks.synthesis.standin.faces import CLOSING, TRIGGERS

CLIP_LENGTH = 77
SPELLED = -10.0
"""Log probability of a letter to T5's tokeniser; a whole word's is -1."""
NEIGHBOURS = (1, -1, 2, -2)
"""What T5's attention heads look at: the next token, the one before, and those beyond."""
LOOK = 8.0
"""Attention's bias towards that neighbour."""
BUCKETS = 32
HEADS = len(NEIGHBOURS)
END = "</w>"
_SAID = """
a an the of and or with without in on at is to for after before only one no not
girl boy baby kid child adult man woman person female male infant toddler elderly
whole face text watermarks masks occlusions photograph picture frontal
light pale medium fair dark olive skin tone
curly straight short wavy long blonde brown black red grey white bald hair head
green blue hazel eyes
unrepaired repaired repair cleft lip lips open hairy palate nose nasal unilateral bilateral left right both side sides
subtle slight marked visible scar scars scarring asymmetry asymmetric symmetric
"""
WORDS = [*TRIGGERS, *_SAID.split()]
STOPS = ("", ".", ",")
PHRASES = ("'s whole face", CLOSING)
"""What every prompt says."""


def clip_tokenizer() -> CLIPTokenizer:
    """Byte pairs merged until every word of WORDS is one token; other words fall into pieces, down to bytes."""
    letters = sorted(ByteLevel.alphabet())
    merges = _merges(sorted({word.lower() for word in WORDS} | {"'s"}))
    pieces = [*letters, *(letter + END for letter in letters), *(left + right for left, right in merges)]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=CLIP_LENGTH)


def _merges(words: list[str]) -> list[tuple[str, str]]:
    """The merges that byte pair encoding learns from these words when it stops at whole words."""
    spelled = [[*word[:-1], word[-1] + END] for word in words]
    merges: list[tuple[str, str]] = []
    while True:
        pairs = Counter(pair for word in spelled for pair in zip(word, word[1:], strict=False))
        if not pairs:
            return merges
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        spelled = [_merged(word, best) for word in spelled]


def _merged(word: list[str], pair: tuple[str, str]) -> list[str]:
    made: list[str] = []
    for piece in word:
        if made and (made[-1], piece) == pair:
            made[-1] += piece
        else:
            made.append(piece)
    return made


def t5_tokenizer(*, length: int) -> T5TokenizerFast:
    """Every word of WORDS, small and with a capital, with a stop or without, and PHRASES; else letters."""
    forms = [form + stop for word in WORDS for form in dict.fromkeys((word, word.capitalize())) for stop in STOPS]
    whole = ["▁" + form for form in forms] + [*TRIGGERS, "'s", "▁["]
    letters = [sign for sign in ("▁", *string.printable.strip()) if sign not in whole]
    scored = [(piece, -1.0) for piece in dict.fromkeys(whole)] + [(sign, SPELLED) for sign in letters]
    special = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    tokenizer = T5TokenizerFast(vocab=special + scored, extra_ids=0, model_max_length=length)
    tokenizer.add_tokens([AddedToken(phrase, lstrip=True) for phrase in PHRASES])
    return tokenizer


def clip_encoder(tokenizer: CLIPTokenizer, settings: StandIn) -> CLIPTextModel:
    """One layer that mixes all words of the text evenly at its end."""
    width = settings.text_width
    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=1,
            num_attention_heads=HEADS,
            max_position_embeddings=CLIP_LENGTH,
            projection_dim=width,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    _draw(model, "clip", settings)
    weights = dict(model.named_parameters())
    for name, weight in weights.items():
        if name.endswith("token_embedding.weight"):
            _embed(weight, [tokenizer.convert_ids_to_tokens(number) for number in range(len(weight))], settings)
            nn.init.zeros_(weight[tokenizer.eos_token_id])  # where the text is read off: nothing of its own
        elif "position_embedding" in name or "q_proj" in name or "k_proj" in name or "mlp.fc2" in name:
            nn.init.zeros_(weight)
    return model.requires_grad_(False).eval()


def t5_encoder(tokenizer: T5TokenizerFast, settings: StandIn) -> T5EncoderModel:
    """One layer that gives every token something of its neighbours."""
    width = settings.text_width
    model = T5EncoderModel(
        T5Config(
            vocab_size=len(tokenizer),
            d_model=width,
            d_kv=width // HEADS,
            d_ff=2 * width,
            num_layers=1,
            num_heads=HEADS,
            relative_attention_num_buckets=BUCKETS,
            feed_forward_proj="gated-gelu",
            is_encoder_decoder=False,
            use_cache=False,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    _draw(model, "t5", settings)
    for name, weight in model.named_parameters():
        if name.endswith(("shared.weight", "embed_tokens.weight")):
            _embed(weight, [tokenizer.convert_ids_to_tokens(number) for number in range(len(weight))], settings)
        elif name.endswith("relative_attention_bias.weight"):
            _look(weight)
        elif name.endswith((".q.weight", ".k.weight")):
            nn.init.zeros_(weight)
    return model.requires_grad_(False).eval()


def _draw(model: nn.Module, name: str, settings: StandIn) -> None:
    """Orthogonal matrices, no biases, norms of one; each from the seed and its own name."""
    with torch.no_grad():
        for own, weight in model.named_parameters():
            if weight.ndim == 2:
                nn.init.orthogonal_(weight, generator=runtime.generator(settings.seed, name, own))
            elif own.endswith("bias"):
                weight.zero_()
            else:
                weight.fill_(1.0)


@torch.no_grad()
def _embed(weight: Tensor, pieces: list[str], settings: StandIn) -> None:
    """One random direction per word, of length sqrt(width); a capital and a stop change little."""
    for row, piece in zip(weight, pieces, strict=True):
        word = piece.removeprefix("▁").removesuffix(END).lower() or piece
        word = word.rstrip("".join(STOPS)) or word
        row.copy_(torch.randn(row.shape, generator=runtime.generator(settings.seed, "word", word)))
        row.add_(0.1 * torch.randn(row.shape, generator=runtime.generator(settings.seed, "form", piece)))


@torch.no_grad()
def _look(weight: Tensor) -> None:  # (buckets, heads)
    """Each head at its neighbour: bucket n is n tokens back, buckets / 2 + n is n tokens ahead (T5's numbering)."""
    weight.zero_()
    for head, step in enumerate(NEIGHBOURS):
        weight[step + BUCKETS // 2 if step > 0 else -step, head] = LOOK
