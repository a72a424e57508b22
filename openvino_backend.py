"""OpenVINO behind SentenceTransformer: only the transformer's forward pass is exchanged.

Called by sentence_model.py. Tokenising, prompts, pooling, normalising stay SentenceTransformer's.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from folders import make_folder

logger = logging.getLogger(__name__)

IntArray = NDArray[np.int64]

_FILE = "model.xml"
# Of the conversion below: a change of it makes another folder.
_CONVERSION = 1


def use_openvino(model: Any, identity: str, data_dir: Path) -> None:
    """Exchange the forward pass of a SentenceTransformer's transformer for a compiled one.

    The converted form is kept below `data_dir`, by the model's identity and OpenVINO's version.
    Raises what the conversion raises where the model can't be converted; the model is unchanged.
    """
    transformer = model[0]
    folder = data_dir / "openvino" / _key(identity)
    network = transformer.model.eval()
    compiled = _compiled(folder) if (folder / _FILE).exists() else None
    if compiled is None:
        make_folder(folder, lambda partial: _convert(network, partial / _FILE))
        compiled = _compiled(folder)
    if compiled is None:
        raise RuntimeError(f"the converted model in {folder} can't be read")
    transformer.model = _forward_module(compiled, network.config)


def _key(identity: str) -> str:
    import openvino
    import transformers

    versions = f"{_CONVERSION} {openvino.__version__} {transformers.__version__}"
    return hashlib.sha256(f"{identity} {versions}".encode()).hexdigest()[:32]


def _convert(network: Any, file: Path) -> None:
    import openvino
    import torch

    example = {
        "input_ids": torch.ones((2, 8), dtype=torch.long),
        "attention_mask": torch.ones((2, 8), dtype=torch.long),
    }
    if _takes_token_types(network):
        example["token_type_ids"] = torch.zeros((2, 8), dtype=torch.long)
    # Written out, attention becomes OpenVINO's own fused kernel, a quarter faster here than what
    # torch's scaled_dot_product_attention is converted to.
    network.set_attn_implementation("eager")
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's, about branches that no text can take
        converted = openvino.convert_model(network, example_input=example)
    converted.reshape({port: [-1, -1] for port in converted.inputs})
    openvino.save_model(converted, str(file))


def _takes_token_types(network: Any) -> bool:
    return int(getattr(network.config, "type_vocab_size", 0) or 0) > 0


def _compiled(folder: Path) -> Any | None:
    """Return the compiled model, or None where the folder holds none that can be read.

    The folder is then removed, so that it is made anew.
    """
    import openvino

    # LATENCY uses all cores for one request; THROUGHPUT halved the rate of one after another.
    options = {"PERFORMANCE_HINT": "LATENCY", "CACHE_DIR": str(folder.parent / "cache")}
    try:
        return openvino.Core().compile_model(str(folder / _FILE), "CPU", options)
    except RuntimeError as error:
        logger.warning("The converted model in %s is broken and made anew: %s", folder, error)
        shutil.rmtree(folder, ignore_errors=True)
        return None


def _forward_module(compiled: Any, config: Any) -> Any:
    """Return a torch module with the transformer's interface, computing with `compiled`."""
    import torch
    from transformers.modeling_outputs import BaseModelOutput

    class OpenVinoForward(torch.nn.Module):
        """Not thread-safe: one inference request, whose output memory the next run reuses."""

        def __init__(self) -> None:
            super().__init__()
            self.config = config
            self._names = {port.get_any_name() for port in compiled.inputs}
            self._infer: Callable[..., Any] = compiled.create_infer_request().infer

        def forward(
            self,
            input_ids: torch.Tensor,
            attention_mask: torch.Tensor,
            token_type_ids: torch.Tensor | None = None,
            **_: Any,
        ) -> BaseModelOutput:
            length = input_ids.shape[1]
            inputs = {
                "input_ids": _padded(input_ids.numpy()),
                "attention_mask": _padded(attention_mask.numpy()),
            }
            if "token_type_ids" in self._names:
                inputs["token_type_ids"] = (
                    np.zeros_like(inputs["input_ids"])
                    if token_type_ids is None
                    else _padded(token_type_ids.numpy())
                )
            output = self._infer(inputs, share_inputs=True, share_outputs=True)[0]
            return BaseModelOutput(last_hidden_state=torch.from_numpy(output)[:, :length])

    return OpenVinoForward()


def _padded(values: IntArray) -> IntArray:
    """Return token values, shape (texts, tokens), with zeros up to a multiple of 8 or 16 tokens.

    OpenVINO makes its kernels anew for each new shape, which takes longer than a query: so there
    are few shapes. The added tokens are masked.
    """
    length = values.shape[1]
    step = 8 if length <= 64 else 16
    return np.pad(values, ((0, 0), (0, -length % step)))
