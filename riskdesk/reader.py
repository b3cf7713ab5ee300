"""Typed look-ups in the environment.

Takes a mapping of variables; gives text, numbers, switches, words and URLs. A blank variable counts as
unset (compose files pass blanks). Never guesses: every refusal names the variable and the rule, and never
prints a secret.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from riskdesk.mailbox import is_sender

TRUE, FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}

MOST_CHARACTERS = 65_536
"""Of a file that holds a secret; also one without an end is read no further."""


class BadEnvironment(Exception):
    """A variable holds something that cannot be meant."""


class Reader:
    """One pass over the variables; remembers which names it asked for, so that the docs can be checked."""

    def __init__(self, source: Mapping[str, str]) -> None:
        self.source = source
        self.names: list[str] = []
        self.secrets: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        self.names.append(name)
        return self.source.get(name, "").strip() or default

    def secret(self, name: str, default: str = "") -> str:
        """The variable, or the content of the file that its _FILE twin names."""
        self.secrets.append(name)
        value = self.text(name)
        path = self.source.get(f"{name}_FILE", "").strip()
        if not path:
            return value or default
        try:
            with Path(path).open(encoding="utf-8") as file:
                content = file.read(MOST_CHARACTERS + 1).strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise BadEnvironment(f"{name}_FILE={path} cannot be read: {why}.") from error
        if len(content) > MOST_CHARACTERS:
            raise BadEnvironment(f"{name}_FILE={path} is larger than any secret.")
        if not content:
            raise BadEnvironment(f"{name}_FILE={path} is empty.")
        if value and value != content:
            raise BadEnvironment(f"{name} and {name}_FILE are both set and differ: keep one.")
        return content

    def yes(self, name: str, *, default: bool) -> bool:
        value = self.text(name).lower()
        if value and value not in TRUE | FALSE:
            raise BadEnvironment(f"{name}={value!r} is neither yes nor no: use 1 or 0.")
        return value in TRUE if value else default

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit() or len(value) > 9 or not least <= int(value) <= most:
            raise BadEnvironment(f"{name}={value!r} must be a whole number from {least} to {most}.")
        return int(value)

    def numbers(self, name: str, *, least: int, most: int) -> tuple[int, ...]:
        words = self.words(name)
        if any(
            not word.isascii() or not word.isdigit() or not least <= int(word[:9]) <= most for word in words
        ):
            raise BadEnvironment(f"{name} must be whole numbers from {least} to {most}, with commas between.")
        return tuple(int(word) for word in words)

    def one_of(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise BadEnvironment(f"{name}={value!r} must be one of: {', '.join(choices)}.")
        return value

    def words(self, name: str, default: str = "") -> tuple[str, ...]:
        return _split(self.text(name, default))

    def secret_words(self, name: str) -> tuple[str, ...]:
        return _split(self.secret(name))

    def address(self, name: str, default: str) -> str:
        """Where people reach the desk: scheme and host, nothing behind."""
        value = self.text(name, default).rstrip("/")
        try:
            parts = urlsplit(value)
            whole = parts.scheme in ("http", "https") and parts.hostname and (parts.port or 1)
        except ValueError:
            whole = None
        if value and (not whole or parts.path or parts.query or parts.fragment or parts.username):
            raise BadEnvironment(f"{name}={value!r} must be like https://desk.example.com, without a path.")
        return value

    def sender(self, name: str, default: str) -> str:
        """Whom mails are from. One that cannot be parsed would lose each of them."""
        value = self.text(name, default)
        if not is_sender(value):
            raise BadEnvironment(
                f"{name}={value!r} must be one mail address, like desk@example.com or "
                "Risk desk <desk@example.com>: a name with a comma or the like stands in double quotes."
            )
        return value

    def server(self, name: str, schemes: tuple[str, ...], default: str = "") -> str:
        """A server's URL. It may hold a password, so it is never shown."""
        value = self.secret(name, default)
        allowed = ", ".join(f"{scheme}://" for scheme in schemes)
        if value and value.split("://", 1)[0] not in schemes:
            raise BadEnvironment(f"{name} must start with one of: {allowed}.")
        try:
            urlsplit(value).port  # noqa: B018 - reading it checks it
        except ValueError as error:
            raise BadEnvironment(
                f"{name} is not a URL: check its port, and escape signs such as / @ [ in the password."
            ) from error
        return value


def _split(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())
