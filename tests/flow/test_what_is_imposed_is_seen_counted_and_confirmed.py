"""Whom a restriction holds back: in the newest frame, in numbers beforehand, and at the gates."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from accounts.models import Role, SubAccount
from margin.book.controls import load_controls
from margin.book.frame import Frame, Places, row_at
from margin.book.packed import Column, packed_words
from margin.flow.aims import Touched, touched
from margin.flow.confirmed import GateSeen, last_drill
from margin.flow.control import Aim, impose
from margin.flow.imposed import with_control
from margin.models import ControlChange, GateConfirmation, OrderDecision, Reservation, Restriction
from tests import factories
from tests.conftest import Cast
from tests.factories import MONDAY_NOON
from tests.pages import frames

State, Scope = Restriction.State, Restriction.Scope
CODES = ("ACME-1", "ACME-2", "ZEDD-1")


@pytest.fixture
def aims(cast: Cast) -> dict[str, Aim]:
    """One of each scope; of instruments and venues one in the whole house and one on a desk."""
    acme, zedd = (factories.client(code, of=cast.prime) for code in ("ACME", "ZEDD"))
    factories.sub_account("OTTO-1", of=factories.client("OTTO", of=cast.retail))
    account, *_ = (factories.sub_account(code, of=acme if code[0] == "A" else zedd) for code in CODES)
    btc = factories.instrument("BTC-PERP")
    return {
        "house": Aim(Scope.ALL),
        "desk": Aim(Scope.DESK, cast.prime),
        "client": Aim(Scope.CLIENT, cast.prime, acme),
        "account": Aim(Scope.ACCOUNT, cast.prime, sub_account=account),
        "instrument": Aim(Scope.INSTRUMENT, instrument=btc),
        "instrument of a desk": Aim(Scope.INSTRUMENT, cast.prime, instrument=btc),
        "venue": Aim(Scope.VENUE, venue=btc.venue),
        "venue of a desk": Aim(Scope.VENUE, cast.prime, venue=btc.venue),
    }


def in_columns(plain: Frame) -> Frame:
    """The same frame as a large shard has it: rows lie by code, shown in an order of their own."""
    order = np.array([2, 0, 1])

    def packed(name: str) -> Column:
        words = [frames.account(code, desk="PRIME")[name] for code in CODES]
        return Column(packed_words(words, np.arange(len(CODES))), order)

    by_code = np.arange(len(CODES), dtype=np.int32).tobytes()
    places = Places(order.astype(np.int32).tobytes(), b"", by_code)
    shown = {name: packed(name) for name in ("account", "client", "desk", "control")}
    return replace(plain, accounts=shown, places=places)


def controls(frame: Frame) -> dict[str, str]:
    found = with_control(frame, load_controls(), MONDAY_NOON).accounts
    return {row["account"]: row["control"] for row in (row_at(found, place) for place in range(len(CODES)))}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("on", "held"),
    [
        ("house", CODES),
        ("desk", CODES),
        ("client", ("ACME-1", "ACME-2")),
        ("account", ("ACME-1",)),
        ("instrument", ()),  # it is on no account as such
        ("instrument of a desk", ()),
        ("venue", ()),
    ],
)
def test_a_frame_shows_who_is_held_back(cast: Cast, aims: dict[str, Aim], on: str, held: tuple[str, ...]):
    plain = frames.frame([frames.account(code, desk="PRIME") for code in CODES])
    row = impose(aims[on], state=State.FROZEN, reason="A fat finger", person=cast.rita, now=MONDAY_NOON)
    assert isinstance(row, Restriction), row
    wanted = {code: "frozen" if code in held else "open" for code in CODES}
    assert controls(plain) == controls(in_columns(plain)) == wanted


def order_of(account: SubAccount, number: int, instrument: str, state: str) -> None:
    decision = OrderDecision.objects.create(
        desk=account.client.desk,
        order_id=f"o-{number}",
        sub_account=account,
        instrument=instrument,
        side="buy",
        quantity=1,
        mode="cross",
        ref=f"{instrument}|cross",
        content="x",
        decision="allow",
        granted=1,
        reason="",
        answer="{}",
        decided_at=MONDAY_NOON,
    )
    Reservation.objects.create(decision=decision, sub_account=account, state=state, expires_at=MONDAY_NOON)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("on", "found"),
    [
        ("house", Touched(3, 4, True)),
        ("desk", Touched(3, 4, False)),
        ("client", Touched(2, 3, False)),
        ("account", Touched(1, 2, False)),
        ("instrument", Touched(3, 2, True)),
        ("instrument of a desk", Touched(3, 2, False)),
        ("venue", Touched(3, 3, True)),
        ("venue of a desk", Touched(3, 3, False)),
    ],
)
def test_what_it_would_hold_back_is_counted_beforehand(
    cast: Cast, aims: dict[str, Aim], on: str, found: Touched
):
    """Resting orders alone, of accounts one sees: BTC and ETH at one venue, gold at another."""
    factories.instrument("ETH-PERP")
    first, second, third, other = (
        SubAccount.objects.order_by("code")
        .in_bulk(["ACME-1", "ACME-2", "ZEDD-1", "OTTO-1"], field_name="code")
        .values()
    )
    orders = [
        (first, "BTC-PERP", "resting"),
        (first, "BTC-PERP", "cancelled"),
        (first, "ETH-PERP", "resting"),
        (second, "GOLD", "resting"),
        (third, "BTC-PERP", "resting"),
        (other, "BTC-PERP", "resting"),
    ]
    for number, (account, instrument, state) in enumerate(orders):
        order_of(account, number, instrument, state)
    assert touched(cast.rita, aims[on]) == found


@pytest.mark.django_db
def test_for_who_sees_every_desk_nothing_is_elsewhere(cast: Cast, aims: dict[str, Aim]):
    factories.grant(cast.rita, cast.retail, Role.VIEWER)
    assert touched(cast.rita, aims["house"]) == Touched(4, 0, False)


@pytest.mark.parametrize(("seconds", "late"), [(None, False), (5.0, False), (5.1, True)])
def test_a_gate_is_late_after_five_seconds(seconds: float | None, late: bool):
    assert GateSeen(1, (1,), 1, MONDAY_NOON, 0.0, seconds).is_late is late


@pytest.mark.django_db
def test_a_drill_counts_what_was_confirmed_before_the_next_change(cast: Cast):
    """A gate that was away then, and applies the drill's revision days later, was not slow."""
    after = [MONDAY_NOON + timedelta(seconds=seconds) for seconds in (0, 0.25, 10, 3600)]
    ControlChange.objects.create(revision=1, at=after[0], deed="drill", person=cast.rita)
    GateConfirmation.objects.create(backend=1, revision=1, applied_at=after[1], seen_at=after[1])
    ControlChange.objects.create(revision=2, at=after[2], deed="impose", person=cast.rita)
    GateConfirmation.objects.create(backend=2, revision=1, applied_at=after[3], seen_at=after[3])
    found = last_drill()
    assert found is not None
    assert found.milliseconds == 250
