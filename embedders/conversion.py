"""The program that converts a model for OpenVINO: `python -m embedders.conversion SOURCE FOLDER`.

It runs as a process of its own, so that its memory goes back to the system: torch,
SentenceTransformer and the weights take a gigabyte, and the service needs none of them.

The whole way from tokens to vectors is converted, pooling and further layers included. The
conversion tries two forms of a model and keeps the faster one that agrees with torch, or the second
if it is hardly slower. The first keeps the weights as they are; OpenVINO computes them in bf16
where the processor can. The second has the linear layers in int8, with a scale for each 96 weights
and one for each 96 inputs, which OpenVINO quantises as they come. It is a tenth to a quarter faster
where the processor multiplies int8 (VNNI, AMX).
"""

from __future__ import annotations

import gc
import json
import math
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import embedders.networks
from embedders.forms import FORMS, Form, keep_tables_narrow
from embedders.networks import SAMPLES, NoModel, TorchNetwork
from embedders.openvino import NETWORK, TOKENIZER, OpenVinoEncoder, compile_network, import_openvino
from embedders.sources import ModelSource
from embeddings import FloatArray

ROOT = Path(__file__).parent.parent
# The exit status where the model itself can't be loaded, so that torch can't run it either.
NO_MODEL = 3
# The vectors of a form must be so near to those of torch, as cosine.
AGREEMENT = 0.999
# So often the forms are measured in turn.
ROUNDS = 3
# Where the processor multiplies int8 the last form takes 0.8 to 0.95 of the first one's time. A
# bound in the middle of that would let chance choose.
HARDLY_LONGER = 1.1


def run_conversion(source: ModelSource, folder: Path) -> None:
    """Convert in a process of its own; `folder` is there and empty.

    Raises NoModel where the model can't be loaded, and RuntimeError where it can't be converted.
    """
    arguments = [json.dumps(asdict(source)), str(folder.resolve())]
    done = subprocess.run(
        [sys.executable, "-m", "embedders.conversion", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    if not done.returncode:
        return
    said = done.stderr.strip().splitlines()
    reason = said[-1] if said else f"its conversion ended with the status {done.returncode}"
    raise (NoModel if done.returncode == NO_MODEL else RuntimeError)(reason)


def main() -> int:
    """Convert what the arguments say; return the exit status. An error is the last line."""
    source, folder = ModelSource(**json.loads(sys.argv[1])), Path(sys.argv[2])
    try:
        convert(source, folder)
    except Exception as error:  # noqa: BLE001, whatever it is, the parent is told
        sys.stderr.write(f"\n{' '.join(str(error).split()) or type(error).__name__}\n")
        return NO_MODEL if isinstance(error, NoModel) else 1
    return 0


def convert(source: ModelSource, folder: Path, *, forms: Sequence[Form] = FORMS) -> None:
    """Write the model to `folder`: the fastest form that agrees with torch, tokenizer and facts.

    Raises NoModel where the model can't be loaded, and another error where it can't be converted.
    """
    network = embedders.networks.load_network(source)
    tokenizer, facts, reference = network.tokenizer, network.facts, network.reference
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(folder / TOKENIZER))
    _save_network(network, folder / NETWORK)
    del network
    gc.collect()  # the weights in torch: compiling takes memory of its own
    encoder = partial(OpenVinoEncoder, facts, tokenizer)
    form = _keep_best_form(folder / NETWORK, encoder, reference, forms)
    replace(facts, form=form).save(folder)


def _save_network(network: TorchNetwork, file: Path) -> None:
    """Save it as an OpenVINO model, for any number of texts and tokens; weights become f16."""
    import torch

    openvino = import_openvino()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer warns of branches that no text can take
        converted = openvino.convert_model(network.module, example_input=network.inputs)
    keep_tables_narrow(converted)
    converted.reshape({port: [-1, -1] for port in converted.inputs})
    openvino.save_model(converted, str(file))


def _keep_best_form(
    file: Path,
    make_encoder: Callable[[Any], OpenVinoEncoder],
    reference: FloatArray,
    forms: Sequence[Form],
) -> str:
    """Save the fastest form of the network that agrees with torch, and return its name."""
    openvino = import_openvino()
    plain = openvino.Core().read_model(str(file))
    made = {getattr(make_form, "__name__", ""): make_form(plain) for make_form in forms}

    def measure(name: str) -> float:
        """Return how long a form takes; infinity if it does not agree with torch."""
        encoder = make_encoder(compile_network(made[name]))
        if (encoder.encode_passages(SAMPLES) * reference).sum(axis=1).min() < AGREEMENT:
            return math.inf
        return min(_measure_seconds(encoder) for _ in range(5))

    name, seconds = find_fastest(list(made), measure)
    if seconds == math.inf:
        raise RuntimeError("the converted model does not agree with torch")
    best = made[name]
    if best is not plain:
        chosen = file.with_name("chosen.xml")
        openvino.save_model(best, str(chosen))
        del plain, best, made  # they may hold the file's memory
        chosen.replace(file)
        chosen.with_suffix(".bin").replace(file.with_suffix(".bin"))
    return name


def find_fastest(names: Sequence[str], measure: Callable[[str], float]) -> tuple[str, float]:
    """Return the name with the shortest time, and that; the last one if it takes hardly longer.

    The vectors of two forms differ (a cosine of 0.9999), so what else the machine does in a moment
    must not choose between them: they are measured in turn, and a small lead does not count.
    """
    times = dict.fromkeys(names, math.inf)
    for _ in range(ROUNDS):
        for name in names:
            times[name] = min(times[name], measure(name))
    fastest, seconds = min(times.items(), key=itemgetter(1))
    last = names[-1]
    return (last, times[last]) if times[last] <= HARDLY_LONGER * seconds else (fastest, seconds)


def _measure_seconds(encoder: OpenVinoEncoder) -> float:
    # Of this process alone: others may take the processor meanwhile.
    started = time.process_time()
    encoder.encode_passages(SAMPLES)
    return time.process_time() - started


if __name__ == "__main__":
    sys.exit(main())
