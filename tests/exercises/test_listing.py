"""The table of a chapter's exercises: every exercise once, with links where there is a page to lead to."""

from email.message import Message

import pytest
from bs4 import BeautifulSoup

from lossatlas.exercises import EXERCISES, listing
from lossatlas.exercises.listing import LISTING, metadata

FAMILIES = list(dict.fromkeys(key.partition("/")[0] for key in EXERCISES))


def rows(html):
    return BeautifulSoup(html, "html.parser").select("tbody tr")


@pytest.fixture
def urls(monkeypatch):
    """A function that sets the addresses that the installed package names."""

    def set_urls(*lines):
        message = Message()
        for line in lines:
            message["Project-URL"] = line
        monkeypatch.setattr(metadata, "metadata", lambda name: message)

    return set_urls


@pytest.mark.parametrize("family", FAMILIES)
def test_every_exercise_of_the_chapter_is_listed_with_its_minutes(family):
    own = [exercise for key, exercise in EXERCISES.items() if key.startswith(f"{family}/")]
    listed = rows(listing(family).html("there.html"))
    assert [row.a.text for row in listed] == [exercise.title for exercise in own]
    assert [row.a["href"] for row in listed] == [
        f"there.html#exercise-{exercise.key.split('/')[1]}" for exercise in own
    ]
    assert [int(row.find_all("td")[-1].text) for row in listed] == [exercise.minutes for exercise in own]
    assert all(exercise.title in repr(listing(family)) for exercise in own)


def test_what_is_answered_is_named():
    words = {row.th.text.split(" · ")[1]: row.td.text for row in rows(listing("cross_entropy").html())}
    assert words["Three logits by hand"].startswith("p_by_hand, 3 numbers; loss_by_hand, a number; ")
    assert words["Cross-entropy that does not overflow"] == "my_cross_entropy(logits, target)"


def test_in_a_kernel_the_titles_lead_to_the_site(urls):
    urls("Source, https://example.org/code", "Documentation, https://example.org/book")
    bundle = listing("contrastive")._repr_mimebundle_()
    assert rows(bundle["text/html"])[1].a["href"] == "https://example.org/book/contrastive_exercises.html#exercise-2"
    assert bundle[LISTING] == {"family": "contrastive"}


def test_without_an_address_the_titles_are_plain(urls):
    urls()
    assert not BeautifulSoup(listing("contrastive")._repr_mimebundle_()["text/html"], "html.parser").find_all("a")


def test_an_unknown_chapter_is_answered_with_the_known():
    with pytest.raises(ValueError, match=r"family.*contrastive, cross_entropy, .*'nonsense'"):
        listing("nonsense")
