"""What a page decodes is what the picture function returns."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as any_array

from lossatlas.explore.engine.packing import Pool, as_array, leaves, tolerance

from .decoding import arrays_of, settings, traces_at
from .figures import hills, powers, still


@pytest.mark.parametrize("make", [powers, hills, still])
def test_every_setting_decodes_to_the_function_itself(make):
    explorer = make()
    payload, arrays = explorer.payload, arrays_of(explorer.payload)
    count = 0
    for indices, values in settings(explorer):
        count += 1
        for decoded, direct in zip(traces_at(payload, arrays, indices), explorer.traces(**values), strict=True):
            decoded, direct = dict(leaves(decoded)), dict(leaves(direct))
            assert decoded.keys() == direct.keys()
            for path, value in direct.items():
                array = as_array(value)
                if array is None:
                    assert decoded[path] == value
                    continue
                assert np.array_equal(np.isnan(decoded[path]), np.isnan(array))
                away = np.abs(decoded[path] - array)
                assert np.all((away <= tolerance(array, payload["pool"]["encoding"])) | np.isnan(away))
    assert count == np.prod([len(c.values) for c in explorer.controls.values()])


@given(
    any_array(np.float64, st.integers(1, 40), elements=st.floats(-1e6, 1e6) | st.just(np.nan) | st.just(np.inf)),
    st.sampled_from(["float32", "uint16"]),
)
def test_both_encodings_keep_their_word_on_accuracy(values, encoding):
    pool = Pool()
    assert pool.refer(values) == 0
    packed = pool.pack(roomy=10**9 if encoding == "float32" else -1)
    assert packed["encoding"] == encoding
    (decoded,) = arrays_of({"pool": packed})
    kept = as_array(values)
    assert np.array_equal(np.isnan(decoded), np.isnan(kept))
    finite = ~np.isnan(kept)
    assert np.all(np.abs(decoded - kept)[finite] <= tolerance(kept, encoding)[finite])


def test_each_array_is_kept_once():
    pool = Pool()
    assert pool.refer(torch.arange(3.0)) == pool.refer([0, 1, 2]) == pool.refer(np.arange(3))
    assert pool.refer("text") == pool.refer("text") == -1
    assert len(pool.arrays) == len(pool.values) == 1


def test_gaps_and_words_are_told_apart():
    assert np.array_equal(as_array([1, None, np.inf]), [1, np.nan, np.nan], equal_nan=True)
    assert as_array(["a", "b"]) is None
    assert as_array([True, False]) is None
    assert as_array([[0, "white"], [1, "black"]]) is None
    assert as_array([]) is None
