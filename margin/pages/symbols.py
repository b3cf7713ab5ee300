"""The letters of a working's formulas in words. Takes a formula and its figure; gives meanings."""

import re

MEANINGS = {
    "E": "equity",
    "E_total": "equity of all pools",
    "E_cross": "equity of the cross pool",
    "E_isolated": "equity of an isolated pool",
    "H": "haircut",
    "IM": "initial margin",
    "MM": "maintenance margin",
    "MM_house": "maintenance with the house buffer",
    "N": "notional",
    "Q": "quantity of all its positions in the pool",
    "S": "notional, shorts negative",
    "U": "unrealised profit",
    "V": "value in the base currency",
    "b": "house buffer",
    "b_p": "buffer of the instrument",
    "c": "contract size",
    "d": "deduction of the tier",
    "e": "entry price",
    "fee": "rate of the closing fee",
    "imr": "initial rate of the tier",
    "leverage_p": "leverage chosen for a position",
    "m": "mark",
    "mm": "maintenance before the rate",
    "mmr": "maintenance rate of the tier",
    "n": "size of the leg",
    "n_p": "size of one position of it",
    "p": "price in the base currency",
    "q": "quantity, shorts negative",
    "x": "rate to the base currency",
}
OF_COLLATERAL = {"b": "balance"}
LETTERS = re.compile(r"[A-Za-z]+(?:_[a-z]+)?")


def meaning(letter: str, figure: str) -> str:
    """What a letter stands for; nothing where it is a word that speaks for itself."""
    own = OF_COLLATERAL if figure == "collateral" else {}
    return own.get(letter) or MEANINGS.get(letter, "")


def others(formula: str, figure: str, named: set[str]) -> list[tuple[str, str]]:
    """The letters of a formula that are not among its inputs, in the order in which they come."""
    letters = dict.fromkeys(LETTERS.findall(formula))
    return [(each, said) for each in letters if each not in named and (said := meaning(each, figure))]
