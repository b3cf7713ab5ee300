"""Money moves once, whole, exactly, or not at all."""

import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.ledger import Posted, post, reverse
from accounts.models import Balance, Pocket, Shard, Transfer
from accounts.movements import Movement
from accounts.pockets import external_pocket, house_pocket, pocket_for
from riskdesk.errors import Refusal
from tests import factories
from tests.factories import MONDAY_NOON

pytestmark = pytest.mark.django_db


class Scene:
    """A client with a wallet and a pocket set aside, the house and the bank."""

    def __init__(self) -> None:
        self.account = factories.sub_account("ACME-1")
        self.desk = self.account.client.desk
        self.usd, self.btc = factories.asset(), factories.asset("BTC", "coin", scale=8)
        self.wallet, self.aside = pocket_for(self.account), pocket_for(self.account, "isolated:BTC")
        self.fees, self.bank = house_pocket(self.desk, "fees"), external_pocket(self.desk, "bank")

    def move(self, giver: Pocket, taker: Pocket, amount: str, *, ref: str = "", **options) -> Movement:
        asset = options.pop("asset", self.usd)
        return Movement(ref or uuid.uuid4().hex, giver, taker, asset, Decimal(amount), **options)

    def post(self, *movements: Movement, **options) -> Posted | Refusal:
        desk = options.pop("desk", self.desk)
        return post(desk=desk, transfers=movements, recorded_by=None, valid_at=MONDAY_NOON, **options)

    def deposit(self, amount: str, **options) -> Posted:
        answer = self.post(self.move(self.bank, self.wallet, amount, **options))
        assert isinstance(answer, Posted), answer
        return answer

    def holds(self, pocket: Pocket, asset=None) -> Decimal:
        row = Balance.objects.filter(pocket=pocket, asset=asset or self.usd).first()
        return row.amount if row else Decimal(0)


@pytest.fixture
def scene(db: None) -> Scene:
    return Scene()


def rule_of(answer: Posted | Refusal) -> str:
    assert isinstance(answer, Refusal), answer
    return f"{answer.field} {answer.rule}"


def revision() -> int:
    return Shard.objects.get(number=1).revision


def test_a_deposit_is_kept_as_balance_under_the_shards_revision(scene: Scene):
    answer = scene.deposit("150.25")
    row = Balance.objects.get()
    assert row.amount == Decimal("150.25")
    assert row.revision == revision() == answer.transfers[0].credit_revision
    assert answer.transfers[0].debit_revision is None
    assert answer.balances == {(scene.wallet.pk, scene.usd.pk): Decimal("150.25")}


def test_what_is_set_aside_leaves_the_wallet(scene: Scene):
    scene.deposit("100")
    scene.post(scene.move(scene.wallet, scene.aside, "40"))
    assert (scene.holds(scene.wallet), scene.holds(scene.aside)) == (Decimal(60), Decimal(40))


def test_house_and_outside_may_go_below_zero_and_keep_no_balance(scene: Scene):
    scene.deposit("100")
    scene.post(scene.move(scene.fees, scene.bank, "5"))
    assert set(Balance.objects.values_list("pocket", flat=True)) == {scene.wallet.pk}


def test_a_client_pocket_does_not_fall_below_zero(scene: Scene):
    scene.deposit("100")
    before = revision()
    answer = scene.post(scene.move(scene.wallet, scene.bank, "100.01"))
    assert rule_of(answer) == "amount insufficient_balance"
    assert scene.holds(scene.wallet) == 100
    assert revision() == before


def test_a_debt_is_left_where_the_caller_says_so_and_may_be_paid_in_parts(scene: Scene):
    scene.post(scene.move(scene.wallet, scene.fees, "30", may_owe=True))
    scene.deposit("10")
    assert scene.holds(scene.wallet) == -20
    assert rule_of(scene.post(scene.move(scene.wallet, scene.bank, "1"))) == "amount insufficient_balance"


def test_movements_stand_or_fall_together(scene: Scene):
    scene.deposit("100")
    fine, short = scene.move(scene.wallet, scene.aside, "60"), scene.move(scene.wallet, scene.bank, "60")
    assert rule_of(scene.post(fine, short)) == "amount insufficient_balance"
    assert Transfer.objects.count() == 1


def test_only_the_end_of_the_transaction_counts(scene: Scene):
    through = scene.move(scene.wallet, scene.aside, "70"), scene.move(scene.bank, scene.wallet, "70")
    answer = scene.post(*through, transaction_id=uuid.UUID(int=7))
    assert isinstance(answer, Posted)
    assert {row.transaction for row in Transfer.objects.all()} == {uuid.UUID(int=7)}


@pytest.mark.parametrize(
    ("amount", "rule"),
    [
        ("0", "amount positive"),
        ("-5", "amount positive"),
        ("NaN", "amount positive"),
        ("sNaN", "amount positive"),
        ("Infinity", "amount positive"),
        ("1.001", "amount scale"),
        ("1e20", "amount too_large"),
    ],
)
def test_an_amount_that_cannot_be_kept_is_refused_and_never_rounded(scene: Scene, amount: str, rule: str):
    assert rule_of(scene.post(scene.move(scene.bank, scene.wallet, amount))) == rule
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("amount", ["1.50", "1.5000000", "100", "1E+2", "99999999999999999999.99"])
def test_zeros_behind_the_scale_carry_nothing(scene: Scene, amount: str):
    scene.deposit(amount)
    assert scene.holds(scene.wallet) == Decimal(amount)


def test_thirty_eight_digits_are_added_exactly(scene: Scene):
    fine = factories.asset("FINE", "coin", scale=18)
    for amount in ("12345678901234567890.123456789012345678", "0.000000000000000001"):
        scene.deposit(amount, asset=fine)
    assert scene.holds(scene.wallet, fine) == Decimal("12345678901234567890.123456789012345679")


def test_a_balance_beyond_the_column_is_refused(scene: Scene):
    scene.deposit("99999999999999999999.99")
    assert rule_of(scene.post(scene.move(scene.bank, scene.wallet, "0.01"))) == "amount too_large"


def test_the_same_reference_and_content_give_the_first_answer_again(scene: Scene):
    first, before = scene.deposit("100", ref="dep-1"), revision()
    again = scene.post(scene.move(scene.bank, scene.wallet, "100.00", ref="dep-1", note="retried"))
    assert isinstance(again, Posted)
    assert again.again
    assert (again.transfers, again.transaction, again.balances) == (
        first.transfers,
        first.transaction,
        first.balances,
    )
    assert scene.holds(scene.wallet) == 100
    assert revision() == before


def test_the_same_reference_with_other_content_is_refused(scene: Scene):
    scene.deposit("100", ref="dep-1")
    other = [
        scene.move(scene.bank, scene.wallet, "100.01", ref="dep-1"),
        scene.move(scene.bank, scene.aside, "100", ref="dep-1"),
        scene.move(scene.bank, scene.wallet, "100", ref="dep-1", asset=scene.btc),
    ]
    for movement in other:
        assert rule_of(scene.post(movement)) == "reference reference_used"
    pair = scene.move(scene.bank, scene.wallet, "100", ref="dep-1"), scene.move(scene.bank, scene.wallet, "1")
    assert rule_of(scene.post(*pair)) == "reference reference_used"


def test_references_are_of_the_desk(scene: Scene):
    scene.deposit("100", ref="dep-1")
    other = factories.sub_account("ZED-1", of=factories.client("ZED", of=factories.desk("RETAIL")))
    home = other.client.desk
    movement = scene.move(external_pocket(home, "bank"), pocket_for(other), "7", ref="dep-1")
    assert isinstance(scene.post(movement, desk=home), Posted)


def test_money_does_not_cross_desks(scene: Scene):
    other = factories.sub_account("ZED-1", of=factories.client("ZED", of=factories.desk("RETAIL")))
    assert rule_of(scene.post(scene.move(scene.bank, pocket_for(other), "7"))) == "desk other_desk"


@pytest.mark.parametrize("reference", ["", "x" * 121, "two\nlines", "nul\x00"])
def test_a_reference_is_one_short_line(scene: Scene, reference: str):
    movement = Movement(reference, scene.bank, scene.wallet, scene.usd, Decimal(1))
    assert rule_of(scene.post(movement)) == "reference shape"


def test_nonsense_is_refused(scene: Scene):
    assert rule_of(scene.post()) == "transfers empty"
    assert rule_of(scene.post(scene.move(scene.wallet, scene.wallet, "1"))) == "credit same_pocket"
    twice = [scene.move(scene.bank, scene.wallet, "1", ref="r") for _ in range(2)]
    assert rule_of(scene.post(*twice)) == "reference twice"


# --- reversal ------------------------------------------------------------------------------------------
def undo(transfer: Transfer, reference: str = "undo", **options) -> Posted | Refusal:
    return reverse(transfer=transfer, reference=reference, recorded_by=None, valid_at=MONDAY_NOON, **options)


def test_a_transfer_is_undone_by_its_mirror_image_once(scene: Scene):
    transfer = scene.deposit("100").transfers[0]
    answer = undo(transfer)
    assert isinstance(answer, Posted)
    assert answer.transfers[0].reverses == transfer
    assert scene.holds(scene.wallet) == 0
    assert rule_of(undo(transfer, "undo-2", may_owe=True)) == "reverses already_reversed"
    assert isinstance(undo(transfer), Posted)


def test_an_undoing_cannot_be_undone(scene: Scene):
    answer = undo(scene.deposit("100").transfers[0])
    assert isinstance(answer, Posted)
    assert rule_of(undo(answer.transfers[0], "undo-2")) == "reverses is_a_reversal"


def test_undoing_what_was_spent_leaves_a_debt_only_where_said(scene: Scene):
    transfer = scene.deposit("100").transfers[0]
    scene.post(scene.move(scene.wallet, scene.aside, "80"))
    assert rule_of(undo(transfer)) == "amount insufficient_balance"
    assert isinstance(undo(transfer, may_owe=True), Posted)
    assert scene.holds(scene.wallet) == -80


def test_a_reversal_is_the_whole_transfer(scene: Scene):
    transfer = scene.deposit("100").transfers[0]
    part = scene.move(scene.wallet, scene.bank, "99", reverses=transfer)
    assert rule_of(scene.post(part)) == "reverses mirror"


# --- whatever happens ----------------------------------------------------------------------------------
def summed(pocket: Pocket) -> Decimal:
    received = Transfer.objects.filter(credit=pocket).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    given = Transfer.objects.filter(debit=pocket).aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
    return received - given


PLACES = st.integers(0, 3)
STEPS = st.lists(
    st.tuples(PLACES, PLACES, st.integers(-5, 10**7), st.booleans(), st.integers(0, 30)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60)
@given(steps=STEPS)
def test_whatever_is_posted_the_kept_balances_are_the_sums_and_all_pockets_sum_to_zero(
    scene: Scene, steps: list[tuple[int, int, int, bool, int]]
):
    pockets = [scene.wallet, scene.aside, scene.fees, scene.bank]
    for giver, taker, cents, owes, name in steps:
        amount = str(Decimal(cents).scaleb(-2))
        scene.post(scene.move(pockets[giver], pockets[taker], amount, ref=f"r{name}", may_owe=owes))
    assert sum((summed(pocket) for pocket in pockets), Decimal(0)) == 0
    for pocket in (scene.wallet, scene.aside):
        assert scene.holds(pocket) == summed(pocket)


def test_posting_inside_a_callers_transaction_falls_with_it(scene: Scene):
    from django.db import transaction

    with transaction.atomic():
        scene.deposit("100")
        transaction.set_rollback(True)
    assert not Transfer.objects.exists()
    assert not Balance.objects.exists()
    assert connection.is_usable()
