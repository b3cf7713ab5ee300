"""Passwords made of the house's own words are the first that anybody tries."""

import re

from django.core.exceptions import ValidationError

from accounts.models import Desk, User

HOUSE_WORDS = ("riskdesk", "risk", "desk", "margin", "leverage", "trading", "trader", "broker", "limit")
COMMON_WORDS = ("password", "passwort", "admin", "login", "welcome", "letmein", "secret", "qwerty")
LEFT_CHARACTERS = 8
MOST_CHARACTERS = 256


class NotOurWords:
    """Refuses what is left with too little once the words of house, desk and person are taken out."""

    def validate(self, password: str, user: User | None = None) -> None:
        if len(password) > MOST_CHARACTERS:
            raise ValidationError(f"At most {MOST_CHARACTERS} characters.", code="password_too_long")
        if len(left_over(password, self._words(user))) < LEFT_CHARACTERS:
            said = "Too close to the words of this house: they are the first that anybody tries."
            raise ValidationError(said, code="password_of_our_words")

    def get_help_text(self) -> str:
        return "It must not be built from the words of this house, its desks, or your name."

    def _words(self, user: User | None) -> list[str]:
        own = [user.username, user.first_name, user.last_name, user.email.partition("@")[0]] if user else []
        desks = [word for pair in Desk.objects.values_list("code", "name") for word in pair]
        return [*HOUSE_WORDS, *COMMON_WORDS, *own, *desks]


def left_over(password: str, words: list[str]) -> str:
    """The password without those words, longest first, and without digits and marks that decorate them."""
    left = password.casefold()
    for word in sorted({word.casefold() for word in words if len(word) > 2}, key=len, reverse=True):
        left = left.replace(word, "")
    return left if left == password.casefold() else re.sub(r"[\W\d_]+", "", left)
