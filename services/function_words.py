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
    for number, words in {
        2: "dois duas two",
        3: "tres three",
        4: "quatro four",
        5: "cinco five",
        6: "seis six",
        7: "sete seven",
        8: "oito eight",
        9: "nove nine",
        10: "dez ten",
        11: "onze eleven",
        12: "doze twelve",
        15: "quinze fifteen",
        20: "vinte twenty",
        30: "trinta thirty",
        40: "quarenta forty",
        50: "cinquenta fifty",
        60: "sessenta sixty",
        70: "setenta seventy",
        80: "oitenta eighty",
        90: "noventa ninety",
        100: "cem hundred",
        200: "duzentos duzentas",
        300: "trezentos trezentas",
        400: "quatrocentos quatrocentas",
        500: "quinhentos quinhentas",
        600: "seiscentos seiscentas",
        700: "setecentos setecentas",
        800: "oitocentos oitocentas",
        900: "novecentos novecentas",
        1000: "mil thousand",
    }.items()
    for word in words.split()
}
