"""Whatever can be described is measured, in every mode, without a fault."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from margin.api.output import dump
from margin.api.shapes_of_calculator import DESCRIBED
from margin.whatif.compare import compare
from margin.whatif.known import Known
from margin.whatif.reading import Question, read

NUMBERS = st.sampled_from(
    [
        "0",
        "1",
        "-1",
        "0.01",
        "-0.01",
        "100",
        "-37.63",
        "3",
        "7",
        "1" * 60,
        "-" + "9" * 60,
        "0." + "0" * 29 + "1",
    ]
) | st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**6), max_value=10**6).map(str)
POSITIVE = st.sampled_from(["1", "3", "7", "0.01", "100", "9" * 60, "0." + "0" * 29 + "1", "63000.5"])
RATES = st.sampled_from(["0.01", "0.5", "1", "0." + "3" * 30])
TIERS = st.lists(
    st.fixed_dictionaries(
        {"floor": st.just("0"), "initial_rate": RATES, "maintenance_rate": RATES},
        optional={"maintenance_amount": POSITIVE},
    ),
    min_size=1,
    max_size=1,
)
INSTRUMENT = st.fixed_dictionaries(
    {"tiers": TIERS, "kind": st.sampled_from(["linear", "inverse"])},
    optional=dict.fromkeys(
        ("contract_size", "settlement_rate", "fee_rate", "reference_price", "buffer"), POSITIVE
    )
    | {"loading": NUMBERS, "underlying": st.sampled_from(["USD", "BTC"]), "allow_negative": st.booleans()},
)
POSITION = st.fixed_dictionaries(
    {
        "instrument": st.sampled_from(["A", "B"]),
        "mode": st.sampled_from(["cross", "isolated"]),
        "quantity": NUMBERS,
        "entry_price": POSITIVE,
    },
    optional={"mark_price": POSITIVE, "isolated_margin": POSITIVE, "leverage": POSITIVE},
)
COLLATERAL = st.fixed_dictionaries(
    {"asset": st.sampled_from(["USD", "BTC"]), "amount": NUMBERS, "haircut": RATES},
    optional={"price": POSITIVE, "liability_rate": POSITIVE, "loading": NUMBERS},
)
ACCOUNT = st.fixed_dictionaries(
    {
        "base_currency": st.sampled_from(["USD", "BTC"]),
        "instruments": st.fixed_dictionaries({"A": INSTRUMENT, "B": INSTRUMENT}),
        "positions": st.lists(POSITION, max_size=3),
        "collateral": st.lists(COLLATERAL, max_size=2),
    },
    optional={
        "buffer": POSITIVE,
        "offsets": st.sampled_from(["none", "hedge"]),
        "at_threshold": st.sampled_from(["lt", "le"]),
        "profile": st.sampled_from(["retail_eu", "retail_au"]),
    },
)


@pytest.mark.parametrize("chart", [False, True])
@settings(max_examples=150)
@given(sent=ACCOUNT)
def test_no_description_is_a_fault(chart, sent):
    refused = []
    told = DESCRIBED.read(sent, "", refused)
    if told is None:
        assert refused
        return
    question = read(told, Known())
    if isinstance(question, Question):
        dump(compare(question, chart=chart))
    else:
        assert question
