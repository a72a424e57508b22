"""The forms of an OpenVINO network that a conversion tries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from embedders.openvino import GROUP, import_openvino
from embeddings import FloatArray

# Makes another form of an OpenVINO model.
Form = Callable[[Any], Any]


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
    """Return a copy whose linear layers have their weights as int8, where GROUP divides them.

    OpenVINO's CPU plugin knows compressed weights in this form: Constant, Convert, Multiply,
    Reshape.
    """
    openvino = import_openvino()
    ops = openvino.opset13

    result = model.clone()
    for node in result.get_ordered_ops():
        weights = read_weights(node)
        if weights is None or weights.shape[1] % GROUP:
            continue
        groups = weights.reshape(len(weights), -1, GROUP)
        scales = np.abs(groups).max(axis=2, keepdims=True) / 127
        scales[scales == 0] = 1
        whole = ops.constant(np.round(groups / scales).astype(np.int8))
        restored = ops.multiply(ops.convert(whole, "f32"), ops.constant(scales))
        shape = ops.constant(list(weights.shape), openvino.Type.i64)
        linear = ops.matmul(node.input_value(0), ops.reshape(restored, shape, False), False, True)
        node.output(0).replace(linear.output(0))
    return result


FORMS: tuple[Form, ...] = (keep_weights, compress_weights)


def keep_tables_narrow(model: Any) -> None:
    """Widen each f16 table before its rows are taken, not after.

    In this order OpenVINO knows the table as compressed, and reads it from the file. In the other
    it makes a copy in f32, twice as large.
    """
    openvino = import_openvino()
    ops = openvino.opset13

    for node in model.get_ordered_ops():
        if node.get_type_name() != "Gather" or node.get_element_type() != openvino.Type.f16:
            continue
        rows = ops.gather(
            ops.convert(node.input_value(0), "f32"), node.input_value(1), node.input_value(2)
        )
        for user in node.output(0).get_target_inputs():
            if user.get_node().get_type_name() == "Convert":
                user.get_node().output(0).replace(rows.output(0))
