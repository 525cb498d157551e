"""Sliders and choices."""

import pytest

from lossatlas.explore import Choice, Slider


def test_a_slider_reaches_its_ends_and_its_first_value():
    slider = Slider(0.0, 2.5, 11, value=0.7)
    assert slider.values[0] == 0 and slider.values[-1] == 2.5 and len(slider.values) == 12
    assert slider.values[slider.index] == 0.7
    assert len(set(slider.texts)) == len(slider.texts)


def test_a_value_on_the_grid_is_not_doubled():
    assert len(Slider(0.0, 1.0, 11, value=0.3).values) == 11


def test_integers_stay_integers():
    assert Slider(1, 9, 5).values == [1, 3, 5, 7, 9] and all(type(v) is int for v in Slider(1, 9, 5).values)
    assert Slider(0, 1, 11).values[1] == 0.1


def test_a_logarithmic_slider_multiplies():
    assert Slider(0.01, 100.0, 5, log=True).values == [0.01, 0.1, 1, 10, 100]


def test_close_values_read_differently():
    texts = Slider(1000.0, 1001.0, 11).texts
    assert len(set(texts)) == 11


def test_a_choice_reads_names_functions_and_mappings():
    assert Choice(["a", 0.5, max]).texts == ["a", "0.5", "max"]
    assert Choice({"one": 1, "two": 2}, value=2).index == 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Slider(1.0, 1.0), "`stop`: expected a number above start = 1, got 1"),
        (lambda: Slider(0.0, 1.0, 1), "`steps`: expected an integer >= 2"),
        (lambda: Slider(0.0, 1.0, log=True), "`start`: expected a number > 0 on a logarithmic slider"),
        (lambda: Slider(0.0, 1.0, value=2.0), r"`value`: expected a number in \[0, 1\], got 2"),
        (lambda: Slider("0", 1.0), "`start`: expected a finite number"),
        (lambda: Choice([]), "`options`: expected a list or mapping"),
        (lambda: Choice(["a", "a"]), "`options`: expected options that read differently"),
        (lambda: Choice(["a"], value="b"), "`value`: expected one of"),
    ],
)
def test_wrong_controls_say_what_is_wrong(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()
