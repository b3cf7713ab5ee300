"""A kind of limit that can be set is measured, asked, and put into words; no other can be set."""

import pytest
from django.db import IntegrityError

from margin.engine.measures import MEASURES, UNITS, any_kind
from margin.engine.whole_measures import WHOLE
from margin.flow.cap_findings import KINDS
from margin.flow.cap_words import SAID
from margin.flow.whole_findings import WHOLE_KINDS
from margin.models import Limit
from tests import factories


@pytest.mark.parametrize(
    "where",
    [UNITS, {*MEASURES, *WHOLE}, {*KINDS, *WHOLE_KINDS}, SAID],
    ids=["engine", "measure", "rules", "words"],
)
def test_every_kind_that_can_be_set_is_there_and_no_other(where):
    assert set(where) == {any_kind(kind) for kind in Limit.Kind.values}


@pytest.mark.django_db
def test_the_database_refuses_a_kind_that_nothing_measures():
    with pytest.raises(IntegrityError, match="limit_is_measured"):
        factories.limit(factories.desk(), "1", kind="unheard_of")
