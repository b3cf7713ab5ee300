"""The engine's tests run alone too (`make mutate`): then nobody else says how hard properties are tried."""

from tests import tries  # noqa: F401
