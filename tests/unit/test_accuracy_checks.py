"""The quick part of the accuracy bench: what it found must stay true."""

import functools
import importlib.util
import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from bench.accuracy import (
    checks_contaminants,
    checks_estimation,
    checks_response,
    render,
)
from bench.accuracy.__main__ import as_json
from bench.accuracy.methods import ours, plain_rms
from bench.accuracy.mixtures import CONTAMINANTS, mixtures
from bench.accuracy.recordings import leak
from bench.accuracy.score import Score, score
from bench.accuracy.signals import sliding_rms

CHECKS = [
    *checks_estimation.CHECKS,
    *checks_contaminants.CHECKS,
    *checks_response.CHECKS,
]


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
def test_a_published_figure_comes_out_again(check):
    found = check()

    assert found.passed, f"{found.title}: {found.value}, accepted: {found.accept}"


@pytest.fixture(scope="module")
def rows():
    return mixtures(quick=True)


def test_all_mixtures_are_there(rows):
    names = [row.name for row in rows]

    assert len(names) == len(CONTAMINANTS) + 5
    assert len(set(names)) == len(names)


@pytest.fixture(scope="module")
def our(rows):
    """What our chain makes of a row, by its number: each is processed once."""
    return functools.cache(lambda k: ours(rows[k]))


@pytest.mark.parametrize("k", range(len(CONTAMINANTS) + 5))
def test_no_error_is_silent_and_the_tension_is_right(rows, our, k):
    found = score(rows[k], "ours", our(k))

    assert not found.silent, found
    if found.snr_db >= 0 and not found.flagged:
        assert abs(found.bias_pct_mvc) <= 1.0
        assert found.nrmse <= 0.08


def test_the_scores_see_an_error(rows):
    hum = next(row for row in rows if "mains strong" in row.name)
    found = score(hum, "plain", plain_rms(hum))

    assert found.silent
    assert found.bias_pct_mvc > 5.0


def test_single_windows_that_are_off_are_counted_and_not_near_the_threshold(rows, our):
    k = next(k for k, row in enumerate(rows) if "artifact 20 Hz" in row.name)
    plain = score(rows[k], "plain", plain_rms(rows[k]))
    found = score(rows[k], "ours", our(k))

    assert plain.moments_share == 1.0
    assert plain.near_pct_mvc > 100.0
    assert found.moments_share < 0.05
    assert abs(found.near_pct_mvc) < 2.0


def test_every_row_of_the_page_that_is_not_the_best_is_explained():
    page = render.PAGE.read_text("utf-8")

    assert "| mixture | NRMSE | better | why |" in page
    assert "not explained" not in page
    assert "Silent errors above 2 %MVC: 0." in page


def test_a_row_nobody_has_explained_is_named():
    own = Score("cat: purring", "unclench", 0.1, 0.2, False, 0.1, 0.0, 3.0)
    other = replace(own, method="plain RMS", nrmse=0.1)

    assert "| cat: purring | 0.200 | plain RMS 0.100 | **not explained** |" in (
        render._reasons([own, other])
    )
    assert "cat" not in render._reasons([replace(own, nrmse=0.05), other])


def test_leak_is_below_the_limit():
    assert leak((10.0,)).passed


def test_the_output_is_json_as_promised(rows, our):
    found = score(rows[0], "unclench", our(0))
    said = json.loads(json.dumps(as_json([checks_estimation.b11_apdf()], [found])))

    assert {"id", "value", "accept", "passed"} <= set(said["checks"][0])
    wanted = {"mixture", "method", "bias_pct_mvc", "nrmse", "flagged"}
    assert wanted <= set(said["table"][0])
    assert said["silent_errors"] == 0


def test_the_reference_rms_is_exact():
    x = np.random.default_rng(0).normal(size=500)

    found = sliding_rms(x, 0.1, 1000.0)

    assert found[300] == pytest.approx(np.sqrt(np.mean(x[201:301] ** 2)))
    assert found[9] == pytest.approx(np.sqrt(np.mean(x[:10] ** 2)))


def test_the_worker_of_the_peers_needs_nothing_of_ours():
    spec = importlib.util.find_spec("bench.accuracy.peer_worker")
    before = set(sys.modules)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    new = set(sys.modules) - before
    assert not [name for name in new if name.startswith(("dsp", "bench"))]
    assert set(module.PEERS) == {"NeuroKit2", "BioSPPy", "MNE-LSL", "pyemgpipeline"}
    np.testing.assert_allclose(
        module.mean_over(np.arange(6.0), 2)[1:], np.arange(5) + 0.5
    )
