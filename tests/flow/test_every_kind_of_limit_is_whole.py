"""A kind of limit that can be set is measured, asked, and put into words; no other can be set."""

import pytest
from django.db import IntegrityError

from margin.engine.measures import MEASURES, LimitKind
from margin.flow.cap_findings import KINDS
from margin.flow.cap_words import SAID
from margin.models import Limit
from tests import factories


@pytest.mark.parametrize(
    "where", [LimitKind, MEASURES, KINDS, SAID], ids=["engine", "measure", "rules", "words"]
)
def test_every_kind_that_can_be_set_is_there_and_no_other(where):
    assert {LimitKind(kind) for kind in where} == {LimitKind(kind) for kind in Limit.Kind.values}


@pytest.mark.django_db
def test_the_database_refuses_a_kind_that_nothing_measures():
    with pytest.raises(IntegrityError, match="limit_is_measured"):
        factories.limit(factories.desk(), "1", kind="unheard_of")
