"""How dates are written, wherever a page leaves it to Django."""
