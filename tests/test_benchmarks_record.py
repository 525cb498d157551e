"""The record of the benchmarks: what it sums up, what of it stays, and how a run that was stopped goes on."""

import json

import pytest
from benchmarks import record


def test_numbers_are_rounded():
    assert record.rounded({"a": [1.23456, 7], "b": {"c": 0.000123456, "d": 12345.678}}) == {
        "a": [1.235, 7],
        "b": {"c": 0.0001235, "d": 12350.0},
    }


def row_of(loss, size, median, memory=None, form="eager", **more):
    peer = {"package": "a-package", "symbol": "a_function"}
    return {
        "loss": loss,
        "size": size,
        "form": form,
        "peer": peer,
        "ratio": {"median": median},
        "memory_ratio": memory,
        **more,
    }


def test_the_summary_counts_the_fastest_peer_of_each_loss_and_size():
    rows = [row_of("a", "small", 0.5, 1.0), row_of("b", "small", 2.0, 0.25), row_of("a", "large", 0.125)]
    rows += [
        row_of("a", "small", 0.1, 4.0),
        row_of("a", "small", 3.0, form="compiled"),
        {**row_of("c", "small", 9.0), "peer": None},
    ]
    found = record.summary(rows)
    assert found["eager"]["small"] == {
        "cells": 2,
        "geometric_mean": pytest.approx(1.0),
        "share_not_slower": 0.5,
        "not_slower": 1,
        "memory_geometric_mean": pytest.approx(1.0),  # a needs 4 times, b a quarter of what the smallest peer needs
        "memory_share_not_more": 0.5,
    }
    assert found["eager"]["all"]["geometric_mean"] == pytest.approx(0.5)
    assert found["eager"]["all"]["slower"] == {"b": 2.0}
    assert "memory_geometric_mean" not in found["eager"]["large"]
    assert found["compiled"]["all"]["slower"] == {"a": 3.0}


def test_the_summary_of_compiled_forms_also_compares_like_with_like():
    rows = [
        row_of("a", "small", 4.0, form="compiled", peer_form="eager", compiled_ratio=0.5),
        row_of("b", "small", 2.0, form="compiled", peer_form="compiled"),
    ]
    assert record.summary(rows)["compiled"]["all"]["like_for_like"] == pytest.approx(1.0)
    assert (
        "like_for_like"
        not in record.summary([row_of("a", "small", 4.0, form="compiled", peer_form="eager")])["compiled"]["all"]
    )


def test_the_summary_also_leaves_out_who_brings_a_gradient_of_its_own():
    found = record.summary(
        [
            row_of("a", "small", 0.5, 1.0),
            row_of("a", "small", 4.0, gradient="own"),
            row_of("b", "small", 8.0, gradient="own"),
        ]
    )
    assert found["eager"]["all"]["slower"] == {"a": 4.0, "b": 8.0}
    assert found["eager"]["small"]["cells"] == 2
    assert found["eager"]["small"]["autograd"] == record.summary([row_of("a", "small", 0.5, 1.0)])["eager"]["small"]
    assert "autograd" not in found["eager"]["small"]["autograd"]


def test_parts_that_were_not_run_stay(tmp_path):
    path = tmp_path / "benchmarks.json"
    alone, contracts = {"loss": "a", "form": "eager", "size": "small", "peer": None}, [{"signature": "logits"}]
    record.write(path, {"eager": [alone], "contract": contracts})
    record.write(path, {"compiled": [{**alone, "form": "compiled"}]})
    found = json.loads(path.read_text())
    assert [row["form"] for row in found["rows"]] == ["eager", "compiled"] and found["contract"] == contracts
    path.write_text(json.dumps({**found, "machine": {"cpu": "another"}}))
    assert [row["form"] for row in record.write(path, {"compiled": found["rows"][1:]})["rows"]] == ["compiled"]


def test_a_run_that_was_stopped_goes_on(tmp_path):
    path, calls = tmp_path / "part", []

    def measure(value):
        calls.append(value)
        return [{"seconds": value}]

    journal = record.Journal(path, {"quick": False})
    assert journal(("eager", "a", "small"), lambda: measure(1.23456)) == [{"seconds": 1.235}]
    with path.open("a") as file:
        file.write('[["eager", "b"')  # stopped in the middle of a line
    again = record.Journal(path, {"quick": False})
    assert again(("eager", "a", "small"), lambda: measure(9.0)) == [{"seconds": 1.235}]
    again(("eager", "b", "small"), lambda: measure(2.0))
    assert calls == [1.23456, 2.0]
    assert record.Journal(path, {"quick": True}).done == {}
    again.close()
    assert not path.exists()


def test_geometric_mean():
    assert record.geometric_mean([0.5, 8.0]) == pytest.approx(2.0)
