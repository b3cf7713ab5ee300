"""The project: wiring only, no risk in it."""
