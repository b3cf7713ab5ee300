"""Structured logs. (Filled in by the wiring room.)"""

from typing import Any


def configure(config: dict[str, Any]) -> None:
    """Set up logging from the settings' LOGGING dictionary."""
