"""The pages on a course find what they need by index, however much other courses have."""

import pytest
from django.db import connection

from tests.benchmarks import terms
from tests.benchmarks.term import look, pages


@pytest.fixture
def made(db):
    if connection.vendor != "postgresql":
        pytest.skip("asks PostgreSQL for its plans")
    # Few rows of the term, as PostgreSQL rather reads a table of this size than look up hundreds.
    terms.make_others("large", messages=20_000, log=20_000, votes=20_000)
    made = terms.make_term("term", students=8, questions=2, weeks=2)
    terms.analyze()
    return made


def test_no_page_reads_a_big_table_from_end_to_end(made):
    seen = [look(page, runs=1) for page in pages(made)]
    assert {"results", "results_question", "marks", "my_marks"} <= {one.page.name for one in seen}
    scanned = {(one.page.name, plan.sql) for one in seen for plan in one.plans if plan.scanned}
    assert scanned == set()
