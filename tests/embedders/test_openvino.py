"""OpenVINO: it agrees with torch and with the version before, and a wrong form is not used."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import embedders.bundled
from embedders.conversion import convert, find_fastest
from embedders.forms import Form, compress_weights, keep_weights, read_linear_weights
from embedders.loading import load_model
from embedders.openvino import Facts, OpenVinoEncoder, read_facts
from embedders.sentence import SentenceModel
from embedders.sources import find_source
from tests.support.models import TEXTS, cosines, runs_on_openvino

ROOT = Path(__file__).parents[2]
# The vectors of these texts, and of TEXTS, as the version before had them: there OpenVINO computed
# the transformer, and SentenceTransformer the rest.
LONG_TEXTS = [
    "Der Vertrag läuft zwölf Monate und verlängert sich. " * 150,
    "短い文。" * 900,
    "O prazo é de 5 dias úteis; o frete é grátis. " * 30
    + "\n"
    + "Invoice 4711 is due on 3 May. " * 120,
]
BEFORE = Path(__file__).with_name("vectors_before.npz")


def computes_as_before() -> bool:
    """Return whether the processor computes in the same types: int8 and bf16 of AVX-512."""
    flags = Path("/proc/cpuinfo")
    text = flags.read_text() if flags.exists() else ""
    return "avx512_vnni" in text and "avx512_bf16" in text


def test_openvino_agrees_with_torch(
    openvino_model: SentenceModel, torch_model: SentenceModel
) -> None:
    fast, slow = openvino_model.encode_queries(TEXTS), torch_model.encode_queries(TEXTS)
    assert cosines(fast, slow).min() > 0.999
    assert openvino_model.identity == torch_model.identity
    assert runs_on_openvino(openvino_model)
    assert not runs_on_openvino(torch_model)


def test_vectors_are_those_of_the_version_before(
    openvino_model: SentenceModel, model_dir: Path
) -> None:
    found = [read_facts(path.parent) for path in model_dir.glob("openvino/*/model.json")]
    (form,) = {facts.form for facts in found if facts and facts.identity == openvino_model.identity}
    same = computes_as_before() and form == "compress_weights"
    least = 0.9999 if same else 0.998
    texts = TEXTS + LONG_TEXTS
    assert max(openvino_model.token_counts(LONG_TEXTS)) > 2 * openvino_model.max_tokens
    with np.load(BEFORE) as stored:
        queries, passages = (stored[kind].astype(np.float32) for kind in ("queries", "passages"))
    for text, query, passage in zip(texts, queries, passages, strict=True):
        for now, before in (
            (openvino_model.encode_queries([text])[0], query),
            (openvino_model.encode_passages([text])[0], passage),
        ):
            assert float(now @ before / np.linalg.norm(before)) >= least, text[:40]


def test_a_text_s_vector_does_not_depend_on_the_texts_beside_it(
    openvino_model: SentenceModel,
) -> None:
    texts = [f"{text} {'e ainda mais ' * n}" for text in TEXTS for n in range(0, 24, 3)]
    windows = [parts[0].text for parts in openvino_model.passage_windows(texts)]
    together = openvino_model.encode_windows(windows)
    alone = np.concatenate([openvino_model.encode_windows([window]) for window in windows])
    # 0.99988 where longer texts are among them.
    assert cosines(together, alone).min() > (0.99999 if computes_as_before() else 0.999)


class Words:
    """A tokenizer: a token for each word."""

    @dataclass(frozen=True)
    class Encoding:
        ids: list[int]

    def num_special_tokens_to_add(self, _pair: bool) -> int:
        return 0

    def encode_batch(self, texts: Sequence[str]) -> list[Encoding]:
        return [self.Encoding([len(word) for word in text.split()]) for text in texts]


class Network:
    """Notes the shapes that it is given, and reuses its output memory as OpenVINO does."""

    inputs = ()

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self._output = np.empty((9, 2), np.float32)

    def create_infer_request(self) -> Network:
        return self

    def infer(self, inputs: Mapping[str, Any], **_options: bool) -> list[Any]:
        ids = inputs["input_ids"]
        self.shapes.append(ids.shape)
        output = self._output[: len(ids)]
        output[:] = np.stack([ids.sum(axis=1), np.ones(len(ids))], axis=1)
        return [output]


def test_texts_of_one_length_run_together() -> None:
    network = Network()
    encoder = OpenVinoEncoder(Facts("small", 2, 512, {}, "plain"), Words(), network)
    texts = ["a " * 3, "a " * 20, "ab " * 3, "a " * 70, "abc " * 20]
    vectors = encoder.encode_passages(texts)
    assert sorted(network.shapes) == [(1, 80), (2, 8), (2, 24)]
    sums = np.array([3, 20, 6, 70, 60])
    np.testing.assert_allclose(vectors[:, 0] / vectors[:, 1], sums, rtol=1e-6)
    assert encoder.encode_passages([]).shape == (0, 2)


def test_a_start_with_a_converted_model_imports_no_torch_and_reports_to_nobody(
    openvino_model: SentenceModel, model_dir: Path
) -> None:
    names = ["torch", "transformers", "sentence_transformers", "openvino_telemetry"]
    program = (
        "import sys; from pathlib import Path; from embedders.loading import load_model;"
        "model = load_model(None, 'openvino', Path(sys.argv[1]));"
        "assert model.encode_queries(['a']).shape == (1, 384);"
        f"print([name for name in {names!r} if sys.modules.get(name)])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(model_dir)],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    assert run.stdout.strip() == "[]"


def test_one_form_is_kept_on_the_disk(openvino_model: SentenceModel, model_dir: Path) -> None:
    for facts in model_dir.glob("openvino/*/model.json"):
        # The larger form is 118 million weights of two bytes, and the tokenizer.
        assert sum(path.stat().st_size for path in facts.parent.iterdir()) < 280e6
    assert not list(model_dir.glob("openvino/cache"))


def test_another_bert_like_folder_works_on_openvino_too(
    minilm_folder: Path, model_dir: Path
) -> None:
    fast = load_model(str(minilm_folder), "openvino", model_dir)
    slow = load_model(str(minilm_folder), "torch", model_dir)
    assert runs_on_openvino(fast)
    assert cosines(fast.encode_queries(TEXTS), slow.encode_queries(TEXTS)).min() > 0.999
    assert fast.identity == slow.identity
    assert fast.identity != embedders.bundled.IDENTITY
    assert fast.dimension == 384


def make_wrong(change: Any) -> Form:
    def read(node: Any) -> Any:
        weights = read_linear_weights(node)
        return None if weights is None else change(weights)

    return partial(compress_weights, read_weights=read)


def test_a_form_that_does_not_agree_with_torch_is_not_used(
    minilm_folder: Path, tmp_path: Path
) -> None:
    forms = (make_wrong(np.sign), keep_weights)
    model = load_model(
        str(minilm_folder), "openvino", tmp_path, convert=partial(convert, forms=forms)
    )
    assert runs_on_openvino(model)
    (file,) = tmp_path.glob("openvino/*/model.json")
    facts = read_facts(file.parent)
    assert facts is not None
    assert facts.form == "keep_weights"


def test_a_moment_in_which_the_machine_is_busy_chooses_no_form() -> None:
    seconds = {"fast": 1.0, "slow": 1.3}
    measured: list[str] = []

    def measure(name: str) -> float:
        measured.append(name)
        busy = len(measured) < len(seconds)
        return seconds[name] * (2 if busy else 1)

    assert find_fastest(["fast", "slow"], measure) == ("fast", 1.0)
    assert measured[:4] == ["fast", "slow", "fast", "slow"]


@pytest.mark.parametrize(("slower", "chosen"), [(0.8, "last"), (1.05, "last"), (1.2, "first")])
def test_a_small_lead_chooses_no_form(slower: float, chosen: str) -> None:
    seconds = {"first": 1.0, "last": slower}
    assert find_fastest(list(seconds), seconds.__getitem__) == (chosen, seconds[chosen])


def test_a_model_of_which_no_form_agrees_is_left_to_torch(
    minilm_folder: Path, tmp_path: Path
) -> None:
    forms = (make_wrong(np.zeros_like),)
    with pytest.raises(RuntimeError, match="agree"):
        convert(find_source(str(minilm_folder)), tmp_path, forms=forms)
    model = load_model(
        str(minilm_folder), "openvino", tmp_path, convert=partial(convert, forms=forms)
    )
    assert not runs_on_openvino(model)
    assert not list(tmp_path.glob("openvino/*/"))


@pytest.mark.parametrize("name", ["model.xml", "model.bin", "tokenizer.json", "model.json"])
def test_a_broken_converted_model_is_made_anew(
    name: str, minilm_folder: Path, tmp_path: Path
) -> None:
    load_model(str(minilm_folder), "openvino", tmp_path, convert=convert)
    (file,) = tmp_path.glob(f"openvino/*/{name}")
    file.write_text("<broken")
    model = load_model(str(minilm_folder), "openvino", tmp_path, convert=convert)
    assert runs_on_openvino(model)
    assert file.read_bytes() != b"<broken"
