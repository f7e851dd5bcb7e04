"""Laws from mappings: what is wrong is named."""

import sys
from dataclasses import fields

import pytest

from service.core.laws.mapping import LAWS, law_from_mapping
from service.core.laws.parameters import LawError
from service.core.laws.safe_bayes import Trial


@pytest.mark.parametrize("kind", sorted(set(LAWS) - {"safe_bayes"}))
def test_every_law_has_defaults_and_takes_its_own_values_back(kind) -> None:
    law = law_from_mapping({"kind": kind})
    values = {declared.name: getattr(law, declared.name) for declared in fields(law)}

    assert law_from_mapping({"kind": kind, **values}) == law
    assert law.kind == kind
    for declared in fields(law):
        low, high = declared.metadata["low"], declared.metadata["high"]
        assert low <= values[declared.name] <= high


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({}, "kind must be one of .*dead_band.*not None"),
        ({"kind": "pid"}, "not 'pid'"),
        ({"kind": ["pi"]}, "kind must be one of"),
        ({"kind": "pi", "gain": 1.0}, "does not know 'gain'.*gain_ma_per_pct"),
        ({"kind": "relay", "on_mA": 3}, "'on_mA' .did you mean 'on_ma'"),
        ({"kind": "integral", "up_ma_per_s": 2.0}, "law integral: up_ma_per_s must"),
        ({"kind": "integral", "up_ma_per_s": "1"}, "a number from 0.01 to 1, not '1'"),
        ({"kind": "integral", "up_ma_per_s": True}, "not True"),
        ({"kind": "pi", "integral_s": float("nan")}, "integral_s must lie .* not nan"),
        ({"kind": "perturb", "measure_bouts": 1.5}, "a whole number from 1"),
        ({"kind": "dead_band", "rise_ratio": 1, "fall_ratio": 1}, "fall_ratio 1 must"),
        ({"kind": "relay", "on_ratio": 1.0, "off_ratio": 1.2}, "off_ratio 1.2 must"),
        ({"kind": "safe_bayes", "trials": 3}, "trials must be a list"),
        ({"kind": "safe_bayes", "trials": [{"amplitude_ma": 1}]}, "a trial needs"),
        (
            {"kind": "safe_bayes", "trials": [{"amplitude_ma": "1", "tone_ratio": 1}]},
            "must be numbers",
        ),
        (
            {
                "kind": "safe_bayes",
                "trials": [{"amplitude_ma": 1, "tone_ratio": 1, "adverse": 1}],
            },
            "true or false",
        ),
        (
            {"kind": "safe_bayes", "trials": [{"amplitude_ma": -1, "tone_ratio": 1}]},
            "from 0, not -1",
        ),
    ],
)
def test_what_is_wrong_is_named(mapping, said) -> None:
    with pytest.raises(LawError, match=said):
        law_from_mapping(mapping)


def test_a_missing_extra_is_said_when_the_law_is_built(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.delitem(sys.modules, "sklearn.gaussian_process", raising=False)

    with pytest.raises(LawError, match=r"install unclench\[optimise\]"):
        law_from_mapping({"kind": "safe_bayes"})


def test_trials_come_from_tables() -> None:
    pytest.importorskip("sklearn", reason="the extra optimise is not installed")
    law = law_from_mapping(
        {
            "kind": "safe_bayes",
            "trials": [
                {"amplitude_ma": 4.0, "tone_ratio": 0.9},
                {"amplitude_ma": 6.0, "tone_ratio": 1.4, "adverse": True},
            ],
        }
    )
    assert law.trials == (Trial(4.0, 0.9), Trial(6.0, 1.4, adverse=True))
