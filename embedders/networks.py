"""Models in torch as the conversion takes them: from tokens to vectors in one module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import embedders.bundled
from embedders.openvino import Facts
from embedders.sources import ModelSource
from embedders.torch_encoder import load_transformer
from embeddings import FloatArray

SAMPLES = (
    "",
    "Como altero minha senha?",
    "How do I change my password?\nOpen the settings, choose Security, then Change password.",
    "パスワードを変更するにはどうすればよいですか。",
    "Где посмотреть историю заказов? " * 4,
    "O prazo de entrega é de 5 a 10 dias úteis; o frete é grátis acima de R$ 199,00. " * 6,
)


class NoModel(Exception):
    """The model can't be loaded; the text says why."""


@dataclass
class TorchNetwork:
    """A model in torch: `module` takes `inputs`, tokens of some texts, and gives vectors.

    `tokenizer` is one of `tokenizers`. `reference` has the vectors of SAMPLES, of unit length.
    """

    module: Any
    inputs: dict[str, Any]
    tokenizer: Any
    facts: Facts
    reference: FloatArray


def load_network(source: ModelSource) -> TorchNetwork:
    """Load a model. Raises NoModel, or another error where it is of a kind that is not known."""
    if source.bundled:
        return _load_bundled(source)
    try:
        model = load_transformer(source.place, source.prompts)
    except Exception as error:
        raise NoModel(str(error)) from error
    return _take_transformer(source, model)


def _load_bundled(source: ModelSource) -> TorchNetwork:
    """Return the bundled model: a BertModel, and the mean over the tokens.

    SentenceTransformer computes the same, but importing it takes 0.2 GB more.
    """
    import torch

    try:
        content = embedders.bundled.read_source(Path(source.place))
    except (OSError, embedders.bundled.BundledModelError) as error:
        raise NoModel(str(error)) from error
    # OpenVINO keeps the table of words in f16 anyway.
    module = _make_mean_module(embedders.bundled.build_network(content, np.float16))
    tokenizer = embedders.bundled.build_tokenizer(content)
    prompts = dict(embedders.bundled.PROMPTS)
    facts = Facts(source.identity, content.hidden, content.positions, prompts)
    vectors = []
    for encoding in tokenizer.encode_batch(list(SAMPLES)):
        ids, mask = torch.tensor([encoding.ids]), torch.tensor([encoding.attention_mask])
        with torch.inference_mode():
            vectors.append(module(ids, mask, torch.zeros_like(ids)).numpy())
    return TorchNetwork(module, _make_inputs(True), tokenizer, facts, _normalise(vectors))


def _take_transformer(source: ModelSource, model: Any) -> TorchNetwork:
    """Return a SentenceTransformer with all its modules."""
    if model.get_model_kwargs():
        raise RuntimeError("its modules want to know what they encode")
    model = model.to("cpu").eval()
    config = model[0].model.config
    takes_types = int(getattr(config, "type_vocab_size", 0) or 0) > 0
    dimension = int(model.get_embedding_dimension())
    facts = Facts(
        source.identity,
        dimension,
        model.max_seq_length or 512,
        {name: prompt or "" for name, prompt in (model.prompts or {}).items()},
    )
    reference = model.encode(list(SAMPLES), show_progress_bar=False, batch_size=1, prompt="")
    # OpenVINO makes its own fused kernel of attention that is written out. That is a quarter faster
    # here than its conversion of torch's scaled_dot_product_attention.
    model[0].model.set_attn_implementation("eager")
    module = _make_whole_module(model, dimension)
    tokenizer = model.tokenizer.backend_tokenizer
    return TorchNetwork(
        module, _make_inputs(takes_types), tokenizer, facts, _normalise([reference])
    )


def _make_inputs(takes_types: bool) -> dict[str, Any]:
    import torch

    inputs = {
        "input_ids": torch.ones((2, 8), dtype=torch.long),
        "attention_mask": torch.ones((2, 8), dtype=torch.long),
    }
    if takes_types:
        inputs["token_type_ids"] = torch.zeros((2, 8), dtype=torch.long)
    return inputs


def _normalise(vectors: Sequence[FloatArray]) -> FloatArray:
    """Return vectors, each of shape (texts, dimension), in one array and of unit length."""
    together = np.concatenate(vectors)
    result: FloatArray = together / np.linalg.norm(together, axis=1, keepdims=True)
    return result


def _make_mean_module(network: Any) -> Any:
    """Return a module that gives the mean of a BertModel's tokens."""
    import torch

    network.set_attn_implementation("eager")

    class MeanOfTokens(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(
            self,
            input_ids: torch.Tensor,
            attention_mask: torch.Tensor,
            token_type_ids: torch.Tensor,
        ) -> torch.Tensor:
            tokens = self.network(input_ids, attention_mask, token_type_ids).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(tokens.dtype)
            mean: torch.Tensor = (tokens * mask).sum(dim=1) / mask.sum(dim=1)
            return mean

    return MeanOfTokens().eval()


def _make_whole_module(model: Any, dimension: int) -> Any:
    """Return a module that gives what all modules of a SentenceTransformer give."""
    import torch

    class WholeModel(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(
            self,
            input_ids: torch.Tensor,
            attention_mask: torch.Tensor,
            token_type_ids: torch.Tensor | None = None,
        ) -> torch.Tensor:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            if token_type_ids is not None:
                features["token_type_ids"] = token_type_ids
            vectors: torch.Tensor = self.model.forward(features)["sentence_embedding"]
            return vectors[:, :dimension].float()

    return WholeModel().eval()
