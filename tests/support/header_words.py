"""Names and texts that a reader of files may take for something else than they are."""

from __future__ import annotations

from hypothesis import strategies as st

# What a reader may take for the name of a column that is something else than metadata.
NAMES = (
    *("question", "Question", "answer", "pergunta", "resposta", "frage", "antwort", "q", "a", "b"),
    *("alternatives", "variações", "similar question 1", "phrasings", "other_questions", "index"),
    *("question_en", "answer 2", "answer_id", "Name (Question)", "Kundenfrage", "expected"),
    *("instruction", "input", "output", "prompt", "completion", "correct", "options", "option1"),
    *("option2", "patterns", "responses", "text", "intent", "title", "body", "front", "back"),
    *("source", "metadata", "QnaId", "content", "context", "i", "1", "2", "5", "category", "=x"),
    *("_x", "sep=,", "#separator:tab", "ids", "i d", "tag", "tag_2", "sheet", "a,b", "c;d"),
)
# What a reader may take for a header, an explanation, a choice, a label or a list.
TEXTS = st.sampled_from(
    (
        *("---", ":--:", "(text)", "string", "required", "A", "B", "a) x", "yes", "no", "k:v|l:w"),
        *("What is it?", "It is so.", '["x"]', "['x']", "- a", "1. a\n2. b", "=1", "'=1|2", "7"),
        *("a|b", "x\ny", "your question", "the answer", "a;b", "x\ty", '"', ", y", "2026-01-02"),
        *("question,answer", "id", "_line", "_error"),
        *NAMES,
    )
)
