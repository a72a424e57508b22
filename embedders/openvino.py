"""OpenVINO behind SentenceTransformer: only the transformer's forward pass is exchanged.

Tokenising, prompts, pooling, normalising stay SentenceTransformer's.

Two forms of a model are tried when it is converted, and the faster one that agrees with torch is
kept: the weights as they are (computed in bf16 where the processor can), and the linear layers in
int8, with a scale for each 96 weights, and one for each 96 inputs, which OpenVINO quantises as they
come. The second is a quarter faster where the processor multiplies int8 (VNNI, AMX).
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.folders import make_folder

logger = logging.getLogger(__name__)

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float32]

_FILE = "model.xml"
# Of the conversion below: a change of it makes another folder.
_CONVERSION = 3

# A form's vectors must be so near to torch's, as cosine.
AGREEMENT = 0.999
_SAMPLES = (
    "",
    "Como altero minha senha?",
    "How do I change my password?\nOpen the settings, choose Security, then Change password.",
    "パスワードを変更するにはどうすればよいですか。",
    "Где посмотреть историю заказов? " * 4,
    "O prazo de entrega é de 5 a 10 dias úteis; o frete é grátis acima de R$ 199,00. " * 6,
)
# Of 250 texts in many languages the worst vector is at 0.9993 to torch's; with groups of 64 at
# 0.9996 and 5 % slower, of 128 at 0.9991 and no faster. 96 divides the widths 384 and 768.
_GROUP = 96
# LATENCY uses all cores for one request; THROUGHPUT halved the rate of one after another.
_OPTIONS = {"PERFORMANCE_HINT": "LATENCY", "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(_GROUP)}


def use_openvino(model: Any, identity: str, data_dir: Path) -> None:
    """Exchange the forward pass of a SentenceTransformer's transformer for a compiled one.

    The converted form is kept below `data_dir`, by the model's identity and OpenVINO's version.
    Raises what the conversion raises where the model can't be converted; the model is unchanged.
    """
    folder = data_dir / "openvino" / _key(identity)
    compiled = _compiled(folder) if (folder / _FILE).exists() else None
    if compiled is None:
        make_folder(folder, lambda partial: _make(model, partial / _FILE))
        compiled = _compiled(folder)
    if compiled is None:
        raise RuntimeError(f"the converted model in {folder} can't be read")
    _exchange(model, compiled)


def _key(identity: str) -> str:
    import openvino
    import transformers

    versions = f"{_CONVERSION} {openvino.__version__} {transformers.__version__}"
    return hashlib.sha256(f"{identity} {versions}".encode()).hexdigest()[:32]


def _make(model: Any, file: Path) -> None:
    """Convert the model's transformer and save the faster of the forms that agree with torch."""
    import openvino

    transformer = model[0]
    network = transformer.model.eval()
    reference = _sample_vectors(model)
    openvino.save_model(_converted(network), str(file))
    core = openvino.Core()
    plain = core.read_model(str(file))  # its weights are f16 now, half the size
    times: dict[float, Any] = {}
    try:
        for form in (plain, _with_int8_weights(plain)):
            _exchange(model, core.compile_model(form, "CPU", _OPTIONS))
            if (_sample_vectors(model) * reference).sum(axis=1).min() >= AGREEMENT:
                times[min(_seconds(model) for _ in range(5))] = form
    finally:
        transformer.model = network
    if not times:
        raise RuntimeError("the converted model does not agree with torch")
    best = times[min(times)]
    if best is not plain:
        chosen = file.with_name("chosen.xml")
        openvino.save_model(best, str(chosen))
        del plain, best, times, form  # they may hold the file's memory
        chosen.replace(file)
        chosen.with_suffix(".bin").replace(file.with_suffix(".bin"))


def _exchange(model: Any, compiled: Any) -> None:
    model[0].model = _forward_module(compiled, model[0].model.config)


def _sample_vectors(model: Any) -> FloatArray:
    """Return vectors of unit length, shape (len(_SAMPLES), dimension)."""
    vectors: FloatArray = model.encode(
        list(_SAMPLES), normalize_embeddings=True, show_progress_bar=False
    )
    return vectors


def _seconds(model: Any) -> float:
    started = time.perf_counter()
    _sample_vectors(model)
    return time.perf_counter() - started


def _converted(network: Any) -> Any:
    """Return the transformer as an OpenVINO model, for any number of texts and tokens."""
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
    return converted


def _with_int8_weights(model: Any) -> Any:
    """Return a copy whose linear layers keep their weights as int8, where _GROUP divides them.

    In the form that OpenVINO's CPU plugin knows as compressed weights: Constant, Convert,
    Multiply, Reshape.
    """
    import openvino
    from openvino import opset13 as ops

    result = model.clone()
    for node in result.get_ordered_ops():
        weights = _linear_weights(node)
        if weights is None or weights.shape[1] % _GROUP:
            continue
        groups = weights.reshape(len(weights), -1, _GROUP)
        scales = np.abs(groups).max(axis=2, keepdims=True) / 127
        scales[scales == 0] = 1
        whole = ops.constant(np.round(groups / scales).astype(np.int8))
        restored = ops.multiply(ops.convert(whole, "f32"), ops.constant(scales))
        shape = ops.constant(list(weights.shape), openvino.Type.i64)
        linear = ops.matmul(node.input_value(0), ops.reshape(restored, shape, False), False, True)
        node.output(0).replace(linear.output(0))
    return result


def _linear_weights(node: Any) -> FloatArray | None:
    """Return a linear layer's weights, shape (outputs, inputs); None for any other operation."""
    if node.get_type_name() != "MatMul" or node.get_attributes()["transpose_a"]:
        return None
    source = node.input_value(1).get_node()
    if source.get_type_name() == "Convert":
        source = source.input_value(0).get_node()
    if source.get_type_name() != "Constant" or len(source.get_output_shape(0)) != 2:
        return None
    weights: FloatArray = source.data.astype(np.float32)
    return weights if node.get_attributes()["transpose_b"] else weights.T


def _takes_token_types(network: Any) -> bool:
    return int(getattr(network.config, "type_vocab_size", 0) or 0) > 0


def _compiled(folder: Path) -> Any | None:
    """Return the compiled model, or None where the folder holds none that can be read.

    The folder is then removed, so that it is made anew.
    """
    import openvino

    options = _OPTIONS | {"CACHE_DIR": str(folder.parent / "cache")}
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
    padded = np.zeros((len(values), length + -length % step), values.dtype)
    padded[:, :length] = values
    return padded
