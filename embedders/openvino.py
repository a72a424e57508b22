"""OpenVINO behind a SentenceTransformer: it computes the transformer's forward pass.

Tokenising, prompts, pooling and normalising stay with SentenceTransformer.

The conversion tries two forms of a model and keeps the faster one that agrees with torch. The first
keeps the weights as they are; OpenVINO computes them in bf16 where the processor can. The second
has the linear layers in int8, with a scale for each 96 weights and one for each 96 inputs, which
OpenVINO quantises as they come. It is a quarter faster where the processor multiplies int8 (VNNI,
AMX).
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embedders.folders import make_folder
from embeddings import FloatArray

logger = logging.getLogger(__name__)

IntArray = NDArray[np.int64]
# Makes another form of an OpenVINO model.
Form = Callable[[Any], Any]

_FILE = "model.xml"
# The version of the conversion below: a new one makes another folder.
_CONVERSION = 3

# The vectors of a form must be so near to those of torch, as cosine.
AGREEMENT = 0.999
_SAMPLES = (
    "",
    "Como altero minha senha?",
    "How do I change my password?\nOpen the settings, choose Security, then Change password.",
    "パスワードを変更するにはどうすればよいですか。",
    "Где посмотреть историю заказов? " * 4,
    "O prazo de entrega é de 5 a 10 dias úteis; o frete é grátis acima de R$ 199,00. " * 6,
)
# For 250 texts in many languages, the worst vector has a cosine of 0.9993 to torch's. Groups of 64
# give 0.9996 and are 5 % slower; groups of 128 give 0.9991 and are no faster. 96 divides the widths
# 384 and 768.
_GROUP = 96
# LATENCY uses all cores for one request. THROUGHPUT halved the rate of requests in a row.
_OPTIONS = {"PERFORMANCE_HINT": "LATENCY", "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(_GROUP)}


def keep_weights(model: Any) -> Any:
    """Return the model as it is."""
    return model


def read_linear_weights(node: Any) -> FloatArray | None:
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


def compress_weights(
    model: Any, read_weights: Callable[[Any], FloatArray | None] = read_linear_weights
) -> Any:
    """Return a copy whose linear layers have their weights as int8, where _GROUP divides them.

    OpenVINO's CPU plugin knows compressed weights in this form: Constant, Convert, Multiply,
    Reshape.
    """
    import openvino
    from openvino import opset13 as ops

    result = model.clone()
    for node in result.get_ordered_ops():
        weights = read_weights(node)
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


FORMS: tuple[Form, ...] = (keep_weights, compress_weights)


def use_openvino(
    model: Any, identity: str, data_dir: Path, *, forms: Sequence[Form] = FORMS
) -> None:
    """Exchange the forward pass of a SentenceTransformer's transformer for a compiled one.

    The converted model is kept below `data_dir`, by the model's identity and OpenVINO's version.
    Raises the error of the conversion if it fails; the model is then unchanged.
    """
    folder = data_dir / "openvino" / _make_key(identity)
    compiled = _compile(folder) if (folder / _FILE).exists() else None
    if compiled is None:
        make_folder(folder, lambda partial: _save_best_form(model, forms, partial / _FILE))
        compiled = _compile(folder)
    if compiled is None:
        raise RuntimeError(f"the converted model in {folder} can't be read")
    _exchange(model, compiled)


def _make_key(identity: str) -> str:
    import openvino
    import transformers

    versions = f"{_CONVERSION} {openvino.__version__} {transformers.__version__}"
    return hashlib.sha256(f"{identity} {versions}".encode()).hexdigest()[:32]


def _save_best_form(model: Any, forms: Sequence[Form], file: Path) -> None:
    """Convert the model's transformer and save the fastest form that agrees with torch."""
    import openvino

    transformer = model[0]
    network = transformer.model.eval()
    reference = _encode_samples(model)
    openvino.save_model(_convert(network), str(file))
    core = openvino.Core()
    plain = core.read_model(str(file))  # its weights are f16 now, half the size
    times: dict[float, Any] = {}
    try:
        for make_form in forms:
            form = make_form(plain)
            _exchange(model, core.compile_model(form, "CPU", _OPTIONS))
            if (_encode_samples(model) * reference).sum(axis=1).min() >= AGREEMENT:
                times[min(_measure_seconds(model) for _ in range(5))] = form
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
    model[0].model = _make_forward_module(compiled, model[0].model.config)


def _encode_samples(model: Any) -> FloatArray:
    """Return vectors of unit length, shape (len(_SAMPLES), dimension)."""
    vectors: FloatArray = model.encode(
        list(_SAMPLES), normalize_embeddings=True, show_progress_bar=False
    )
    return vectors


def _measure_seconds(model: Any) -> float:
    started = time.perf_counter()
    _encode_samples(model)
    return time.perf_counter() - started


def _convert(network: Any) -> Any:
    """Return the transformer as an OpenVINO model, for any number of texts and tokens."""
    import openvino
    import torch

    example = {
        "input_ids": torch.ones((2, 8), dtype=torch.long),
        "attention_mask": torch.ones((2, 8), dtype=torch.long),
    }
    if _takes_token_types(network):
        example["token_type_ids"] = torch.zeros((2, 8), dtype=torch.long)
    # OpenVINO makes its own fused kernel of attention that is written out. That is a quarter faster
    # here than its conversion of torch's scaled_dot_product_attention.
    network.set_attn_implementation("eager")
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of branches that no text can take
        converted = openvino.convert_model(network, example_input=example)
    converted.reshape({port: [-1, -1] for port in converted.inputs})
    return converted


def _takes_token_types(network: Any) -> bool:
    return int(getattr(network.config, "type_vocab_size", 0) or 0) > 0


def _compile(folder: Path) -> Any | None:
    """Return the compiled model, or None if the folder has none that can be read.

    The folder is then removed, so that it can be made anew.
    """
    import openvino

    options = _OPTIONS | {"CACHE_DIR": str(folder.parent / "cache")}
    try:
        return openvino.Core().compile_model(str(folder / _FILE), "CPU", options)
    except RuntimeError as error:
        logger.warning("The converted model in %s is broken and made anew: %s", folder, error)
        shutil.rmtree(folder, ignore_errors=True)
        return None


def _make_forward_module(compiled: Any, config: Any) -> Any:
    """Return a torch module with the transformer's interface, computing with `compiled`."""
    import torch
    from transformers.modeling_outputs import BaseModelOutput

    class OpenVinoForward(torch.nn.Module):
        """Not thread-safe: it has one inference request, and each run reuses its output memory."""

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
                "input_ids": _pad(input_ids.numpy()),
                "attention_mask": _pad(attention_mask.numpy()),
            }
            if "token_type_ids" in self._names:
                inputs["token_type_ids"] = (
                    np.zeros_like(inputs["input_ids"])
                    if token_type_ids is None
                    else _pad(token_type_ids.numpy())
                )
            output = self._infer(inputs, share_inputs=True, share_outputs=True)[0]
            return BaseModelOutput(last_hidden_state=torch.from_numpy(output)[:, :length])

    return OpenVinoForward()


def _pad(values: IntArray) -> IntArray:
    """Add zeros to token values, shape (texts, tokens), up to a multiple of 8 or 16 tokens.

    For each new shape OpenVINO makes new kernels, which takes longer than a query; so there are to
    be few shapes. The added tokens are masked.
    """
    length = values.shape[1]
    step = 8 if length <= 64 else 16
    padded = np.zeros((len(values), length + -length % step), values.dtype)
    padded[:, :length] = values
    return padded
