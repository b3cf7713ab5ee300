"""What the engine decides of a breach can be stored as it is, and nothing it decides is dropped."""

from margin.engine import breach as life
from margin.models import Breach


def test_the_engines_states_are_the_rows_states():
    assert {state.value for state in life.State} - {life.State.CLEAR} == set(Breach.State.values)


def test_engine_and_rows_agree_on_what_is_broken():
    assert {state.value for state in life.State if state.is_broken} == set(Breach.BROKEN)
