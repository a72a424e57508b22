"""Knows names of columns that are likely to hold questions or answers, or that hold neither.

A likely name counts only beside a known one of the other kind, and only if the cells below it look
like it (likely_columns.py).
"""

from __future__ import annotations

from files.column_names import ANSWERS, QUESTIONS, normalise, read_names
from files.compound_names import Role, is_property, list_words, mentions_known
from files.likeness import is_name

# Beside a column of questions, the answers may have one of these names.
LIKELY_ANSWERS = read_names(
    "referência referencia reference reference_answer gabarito explicação explicacao explicación"
    " explicacion explanation explication erklärung output outputs saída saida salida ausgabe"
    " completion response responses reply replies retorno conteúdo conteudo contenido content"
    " contenu inhalt body corpo cuerpo corps orientação orientacao orientación guidance"
    " procedimento esclarecimento resultado result target expected 内容 参考 解释 说明 解説 説明"
    " 해설 설명"
)
# Beside a column of answers, the questions may have one of these names.
LIKELY_QUESTIONS = read_names(
    "mensagem mensaje message messages msg consulta query queries solicitação solicitacao solicitud"
    " request inquiry enquiry entrada input inputs eingabe assunto asunto subject betreff objet"
    " frase frases phrase phrases sentence sentences utterance utterances prompt instruction"
    " instrução issue problem problema pedido demande anfrage запрос mesaj pesan 消息 用户输入"
    " 件名 メッセージ"
)


def _read_in_order(text: str) -> tuple[str, ...]:
    return tuple(map(normalise, text.split()))


# The title of an article and its body, the best name first.
TITLES = _read_in_order(
    "title título titre titel titolo headline heading subject name 标题 標題 タイトル 제목"
)
BODIES = _read_in_order(
    "body html_body content text description corpo conteúdo texto contenido cuerpo contenu corps"
    " texte inhalt contenuto testo descrição descripción 正文 内容 本文 내용"
)
# A column of such a name holds something about an item: no question, and no answer.
_PLAIN = read_names(
    "# id ids uid uuid guid key chave clave no n° nr num number número numero nummer index idx"
    " order ordem orden rank position posição code código codigo sku 序号 編號 编号 番号 번호 номер"
    " category categories categoria categorias categoría categorías kategorie catégorie kategori"
    " категория категорія 类别 类型 分类 分類 カテゴリ カテゴリー 카테고리 group grupo gruppe"
    " groupe section seção secao sección sektion раздел topic topics tema temas tópico topico thema"
    " subtopic subcategory subcategoria department departamento área area setor module módulo"
    " product produto producto product_id type tipo typ kind class classe status estado state"
    " situação active ativo activo aktiv активно enabled published publicado visible priority"
    " prioridade tag tags etiqueta etiquetas label labels rótulo rotulo schlagwort 标签 タグ 태그"
    " intent intents intenção intencao intención domain domínio url urls link links href enlace"
    " source fonte fuente quelle origem slug path file arquivo archivo image imagem imagen foto"
    " icon date data datum fecha дата 日期 日付 created created_at createdat updated updated_at"
    " updatedat timestamp time hora last_updated modified author autor auteur автор 作者 user"
    " usuário usuario owner email e-mail name_author language languages idioma língua lingua lang"
    " locale sprache langue язык 语言 言語 country país region score rating votes likes views count"
    " weight confidence level nível nivel difficulty dificuldade version versão note notes nota"
    " notas observação observações observacao comment comments comentario anmerkung bemerkung 备注"
    " 備考 비고 embedding embeddings vector vetor metadata meta split lang_code"
)
_KEYWORDS = read_names(
    "keyword keywords trigger_words palavra palavras palabra palabras mot mots wort wörter"
    " palavra_chave palavras_chave palavras-chave palabra_clave palabras_clave schlüsselwort"
    " schlüsselwörter stichwort stichwörter mot_clé mots_clés parola_chiave trigger triggers"
    " gatilho gatilhos term terms termo termos término términos begriff ключевые_слова 关键词"
    " 關鍵詞 キーワード 키워드 키워드들 synonyms sinônimos"
)


# Beside one of these words, a known one is not what is looked for.
_OTHER_TEXTS = read_names(
    "user student aluno wrong incorrect false errada incorreta incorrecta falsch old antiga"
    " previous anterior draft rejected rejeitada similar related candidate distractor"
)


def find_mention(name: str) -> Role | None:
    """Return what a name may mean that has a known word among others: `Вопрос клиента`.

    It means nothing if one of the others says that it is a property, or another kind of text.
    """
    words = list_words(name)
    asked = [word for word in words if len(word) > 1 and word in QUESTIONS]
    told = [word for word in words if len(word) > 1 and word in ANSWERS]
    if len(asked) + len(told) != 1:
        return None
    others = [word for word in words if word not in (*asked, *told)]
    if any(is_property(word) or word in _PLAIN or word in _OTHER_TEXTS for word in others):
        return None
    return "question" if asked else "answer"


def could_be_name(cell: str, *, asking: bool = False) -> bool:
    """Return whether a cell could be the name of a column; with `asking`, as for is_name."""
    return is_name(cell, asking=asking) or is_plain_name(cell)


def is_free_name(name: str) -> bool:
    """Return whether a column's name does not say what it holds: nothing known is in it."""
    return not (is_plain_name(name) or is_keyword_name(name) or mentions_known(name))


def is_plain_name(name: str) -> bool:
    """Return whether a column's name says that it holds no question and no answer."""
    return normalise(name) in _PLAIN


def is_keyword_name(name: str) -> bool:
    """Return whether a column's name says that it holds keywords."""
    return normalise(name) in _KEYWORDS
