"""The words of Portuguese and English that say little about what a text is about.

They are in lower case and without accents.
"""

from __future__ import annotations


def _split(words: str) -> frozenset[str]:
    return frozenset(words.split())


# They do not count where wordings are compared.
STOP_WORDS = _split(
    """
    a ao aos as com como da das de do dos e ela elas ele eles em essa esse esta estar este eu foi
    gostaria ha isso isto ja mais me meu meus minha minhas muito na nas no nos nossa nosso o onde os
    ou para pela pelo pode podem por posso pra preciso pro qual quais quando quanta quantas quanto
    quantos que quem quero sao se sem ser seu seus so sobre sua suas tem ter um uma umas uns vc vcs
    voce voces
    an and are at be by can could did does for from had has have how i in is it its may my of on or
    our should that the there these this those to was we were what when where which who why will
    with would you your
    """
)

# Only one of the two languages has these, so they tell which it is.
ENGLISH = _split(
    """
    am an and any are be by can could did does don from get had has have he how i if in is it its
    long many much my need not of on or our she should that the their there these they this to was
    we were what when where which who why will with would you your
    """
)
PORTUGUESE = _split(
    """
    ao aos as com como da das de dos e ela ele em essa esse esta este eu foi ha isso mais me meu
    meus minha minhas na nao nas nos o os ou para pela pelo por posso qual quais quando quanto que
    quem se sem ser seu seus sobre sua suas tem ter um uma voce
    """
)

# Words that turn the meaning of a sentence; "don't" is split into `don` and `t`.
NEGATIONS = _split("nao nunca sem nem jamais not no never without cannot t")
# Numbers as words. Those that are also articles, days of the week or parts of others are left out.
NUMBERS = {
    word: str(number)
    for number, words in enumerate(
        (
            "dois duas two",
            "tres three",
            "quatro four",
            "cinco five",
            "seis six",
            "sete seven",
            "oito eight",
            "nove nine",
            "dez ten",
            "onze eleven",
            "doze twelve",
        ),
        2,
    )
    for word in words.split()
}
