import pytest

from drivers.subject.cohorts import draw_subject
from service.errors import ConfigError
from service.program_files import shipped_programs
from service.trial.applies import DISTURBED, cohorts_of, require_cohort
from service.trial.plan import TrialParams, find_program

SHIPPED = sorted(set(shipped_programs()) - {"ems-flutter-demo"})


@pytest.mark.parametrize("name", SHIPPED)
def test_what_applies_can_be_drawn_and_is_not_refused(name: str) -> None:
    program = find_program(name)
    cohorts = cohorts_of(program)
    assert len(set(cohorts)) == len(cohorts)
    assert set(cohorts) >= DISTURBED
    for cohort in cohorts:
        assert draw_subject(cohort, 1).preset == cohort
        require_cohort(program, cohort)


@pytest.mark.parametrize(
    ("cohort", "programs"),
    [
        ("adverse-ems", {"ems-flutter", "ems-targeted"}),
        ("cramp-prone-tonic", {"ems-flutter", "ems-targeted"}),
        ("adverse-vibration", {"massage-percussion"}),
        ("adverse-vibration-tonic", {"massage-percussion"}),
        ("mat-intolerant", {"acupressure-mat"}),
        ("needle-sequence", {"needling-observation"}),
        ("needle-sequence-reset", {"needling-observation"}),
        ("responder-tonic", set(SHIPPED)),
        ("null", set(SHIPPED)),
        ("lead-off", set(SHIPPED)),
    ],
)
def test_a_cohort_goes_with_what_it_is_about(cohort: str, programs: set[str]) -> None:
    taken = set()
    for name in SHIPPED:
        try:
            require_cohort(find_program(name), cohort)
        except ConfigError:
            continue
        taken.add(name)
    assert taken == programs


def test_a_needle_is_compared_by_both_of_its_models() -> None:
    found = cohorts_of(find_program("needling-observation"))
    assert found[:2] == ("needle-sequence", "needle-sequence-reset")
    assert "responder-spasm" not in found


def test_the_refusal_says_what_goes_instead() -> None:
    expected = "mat-intolerant is about a mat, which massage does not use; expected one"
    with pytest.raises(ConfigError, match=expected):
        TrialParams("massage", ("mat-intolerant",), 1, 1)
