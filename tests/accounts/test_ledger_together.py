"""Many writers at once: nothing is lost, doubled, or waited for in a ring."""

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection

from accounts.ledger import Posted, post, reverse
from accounts.models import Balance, Transfer
from accounts.movements import Movement
from accounts.pockets import external_pocket, pocket_for
from riskdesk.errors import Refusal
from tests import factories
from tests.factories import MONDAY_NOON

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS = 8


def together(deed: Callable[[int], Posted | Refusal]) -> list[Posted | Refusal]:
    """The deed from several threads, let loose at the same moment."""
    gate, answers = threading.Barrier(WRITERS), []

    def work(number: int) -> None:
        try:
            gate.wait(timeout=90)
            answers.append(deed(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)
    assert len(answers) == WRITERS
    return answers


def move(giver, taker, amount: str, reference: str) -> Movement:
    return Movement(reference, giver, taker, factories.asset(), Decimal(amount))


def put(desk, *movements: Movement) -> Posted | Refusal:
    return post(desk=desk, transfers=movements, recorded_by=None, valid_at=MONDAY_NOON)


def posted(answers: list[Posted | Refusal]) -> list[Posted]:
    return [answer for answer in answers if isinstance(answer, Posted) and not answer.again]


@pytest.fixture
def accounts():
    """Two clients on two shards of one desk."""
    first = factories.sub_account("ACME-1", of=factories.client("ACME", shard_number=1))
    second = factories.sub_account("BOLT-1", of=factories.client("BOLT", shard_number=2))
    bank = external_pocket(first.client.desk, "bank")
    for account in (first, second):
        put(account.client.desk, move(bank, pocket_for(account), "100", f"opening {account}"))
    return first, second


def test_one_reference_sent_many_times_at_once_moves_money_once(accounts):
    first, _ = accounts
    desk, bank, wallet = first.client.desk, external_pocket(first.client.desk, "bank"), pocket_for(first)
    answers = together(lambda _: put(desk, move(bank, wallet, "5", "same")))
    assert len(posted(answers)) == 1
    assert all(isinstance(answer, Posted) for answer in answers)
    assert Balance.objects.get(pocket=wallet).amount == 105


def test_the_same_reference_on_two_shards_is_taken_once(accounts):
    desk, bank = accounts[0].client.desk, external_pocket(accounts[0].client.desk, "bank")
    answers = together(lambda n: put(desk, move(bank, pocket_for(accounts[n % 2]), "5", "same")))
    assert len(posted(answers)) == 1
    assert Transfer.objects.filter(reference="same").count() == 1
    assert sum(row.amount for row in Balance.objects.all()) == 205


def test_what_is_there_once_leaves_once(accounts):
    first, _ = accounts
    desk, bank, wallet = first.client.desk, external_pocket(first.client.desk, "bank"), pocket_for(first)
    answers = together(lambda number: put(desk, move(wallet, bank, "60", f"out-{number}")))
    assert len(posted(answers)) == 1
    assert Balance.objects.get(pocket=wallet).amount == 40


def test_a_transfer_is_reversed_once_however_many_try(accounts):
    opening = Transfer.objects.get(reference="opening ACME-1")
    answers = together(
        lambda number: reverse(
            transfer=opening, reference=f"undo-{number}", recorded_by=None, valid_at=MONDAY_NOON
        )
    )
    assert len(posted(answers)) == 1
    assert {answer.rule for answer in answers if isinstance(answer, Refusal)} <= {
        "already_reversed",
        "insufficient_balance",
    }


def test_money_going_both_ways_between_two_shards_meets_no_deadlock(accounts):
    there, back = (pocket_for(account) for account in accounts)
    desk = accounts[0].client.desk

    def swap(number: int) -> Posted | Refusal:
        ends = (there, back) if number % 2 else (back, there)
        for turn in range(5):
            answer = put(desk, move(*ends, "1", f"swap-{number}-{turn}"))
        return answer

    assert len(posted(together(swap))) == WRITERS
    assert sorted(row.amount for row in Balance.objects.all()) == [100, 100]
