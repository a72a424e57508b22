"""A loaded model: its vectors are what SentenceTransformer makes, and long texts are whole."""

from __future__ import annotations

import numpy as np

from embedders.sentence import SentenceModel
from embedders.torch_encoder import TorchEncoder
from tests.support.models import TEXTS, cosines


def test_vectors_are_what_encode_makes(
    openvino_model: SentenceModel, torch_model: SentenceModel
) -> None:
    assert isinstance(torch_model.encoder, TorchEncoder)
    transformer = torch_model.encoder.transformer
    queries = transformer.encode_query(TEXTS[:-1], normalize_embeddings=True)
    passages = transformer.encode_document(TEXTS[:-1], normalize_embeddings=True)
    for model, least in ((torch_model, 0.9999), (openvino_model, 0.999)):
        assert cosines(model.encode_queries(TEXTS[:-1]), queries).min() > least
        assert cosines(model.encode_passages(TEXTS[:-1]), passages).min() > least


def test_tokens_are_where_transformers_finds_them(
    openvino_model: SentenceModel, torch_model: SentenceModel
) -> None:
    texts = [*TEXTS, "a </s> b <mask>"]
    assert openvino_model.encoder.find_tokens(texts) == torch_model.encoder.find_tokens(texts)
    assert openvino_model.max_tokens == torch_model.max_tokens
    assert openvino_model.encoder.special_tokens == torch_model.encoder.special_tokens


def test_the_encoder_cuts_what_is_too_long(
    openvino_model: SentenceModel, torch_model: SentenceModel
) -> None:
    texts = ["word " * 600, "word " * 510]
    fast = openvino_model.encoder.encode_passages(texts)
    assert cosines(fast, torch_model.encoder.encode_passages(texts)).min() > 0.999


def test_vectors_have_unit_length(openvino_model: SentenceModel) -> None:
    for vectors in (openvino_model.encode_queries(TEXTS), openvino_model.encode_passages(TEXTS)):
        assert vectors.shape == (len(TEXTS), 384)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


def test_the_batch_does_not_change_a_vector(openvino_model: SentenceModel) -> None:
    together = openvino_model.encode_passages(TEXTS)
    alone = np.concatenate([openvino_model.encode_passages([text]) for text in TEXTS])
    assert cosines(together, alone).min() > 0.999


def test_a_long_text_is_not_cut(openvino_model: SentenceModel) -> None:
    beginning = "A word about invoices. " * 200
    with_end = beginning + "The capital of Peru is Lima. " * 60
    assert min(openvino_model.token_counts([beginning, with_end])) > openvino_model.max_tokens
    one, other = openvino_model.encode_passages([beginning, with_end])
    assert float(one @ other) < 0.99


def test_a_text_of_just_the_models_length_is_one_window(openvino_model: SentenceModel) -> None:
    for words in range(500, 516):
        text = " ".join(["da"] * words)
        assert np.isfinite(openvino_model.encode_passages([text])).all()


def test_meaning_is_found_across_languages(openvino_model: SentenceModel) -> None:
    stored = openvino_model.encode_passages(
        [
            "Como rastreio meu pedido?",
            "Quais são as formas de pagamento?",
            "Como troco minha senha?",
        ]
    )
    asked = openvino_model.encode_queries(
        ["Where is my package?", "Can I pay by card?", "esqueci a senha"]
    )
    assert (asked @ stored.T).argmax(axis=1).tolist() == [0, 1, 2]
