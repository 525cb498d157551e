"""What belongs to a chapter stands below it in the navigation, where it is there."""

import pytest
import yaml

from lossatlas.publishing.build.contents import put_below, with_belongings

CONTENTS = """format: jb-book
root: index
parts:
- caption: Chapters
  chapters:
  - file: one
  - file: two
    sections:
    - file: two_more
- caption: Teaching
  chapters:
  - file: instructors
"""


@pytest.fixture
def table():
    return yaml.safe_load(CONTENTS)


def test_what_belongs_to_a_chapter_is_put_below_it_in_order(table):
    there = {"one", "one_exercises", "evidence/one", "reference/one", "evidence/two", "two_exercises", "instructors"}
    chapters, teaching = (part["chapters"] for part in with_belongings(table, there)["parts"])
    assert chapters == [
        {
            "file": "one",
            "sections": [
                {"file": "reference/one", "title": "Reference"},
                {"file": "evidence/one", "title": "Evidence"},
                {"file": "one_exercises", "title": "Exercises"},
            ],
        },
        {
            "file": "two",
            "sections": [
                {"file": "evidence/two", "title": "Evidence"},
                {"file": "two_exercises", "title": "Exercises"},
                {"file": "two_more"},
            ],
        },
    ]
    assert teaching == [{"file": "instructors"}]


def test_what_is_not_there_is_not_listed_and_the_table_stays_as_it_was(table):
    assert with_belongings(table, {"one", "two", "evidence/three"}) == table
    with_belongings(table, {"evidence/one"})
    assert table == yaml.safe_load(CONTENTS)


def test_pages_that_may_be_put_below_are_named(table):
    assert {"reference/one", "evidence/two", "two_exercises"} <= put_below(table)
    assert not {"one", "two_more"} & put_below(table)
