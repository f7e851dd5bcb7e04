"""What a simulated person says with the button in the hand."""

from drivers.subject.button import Button
from drivers.subject.outcomes import Report


def test_each_thing_is_said_once() -> None:
    button = Button()
    felt = Report(feels_pulses=True)
    too_much = Report(feels_pulses=True, exceeds_tolerance=True)

    assert button.press(0.0, [Report()]) == []
    assert button.press(1.0, [felt]) == ["mark:sensory"]
    assert button.press(2.0, [felt]) == []
    assert button.press(3.0, [too_much]) == ["mark:tolerance"]
    assert button.press(4.0, [Report()]) == []
    assert button.press(5.0, [too_much]) == []


def test_discomfort_is_said_when_it_changes_and_not_too_often() -> None:
    button = Button()

    assert button.press(10.0, [Report(2.4)]) == ["mark:discomfort:2"]
    assert button.press(10.5, [Report(5.0)]) == []
    assert button.press(11.0, [Report(5.0)]) == ["mark:discomfort:5"]
    assert button.press(13.0, [Report(4.6)]) == []
    assert button.press(13.0, [Report(2.0), Report(4.4)]) == ["mark:discomfort:4"]
    assert button.press(15.0, [Report(0.0)]) == ["mark:discomfort:0"]


def test_zones_are_counted_from_one_by_zone_or_by_muscle() -> None:
    assert Button().press(0.0, [Report(intolerable_zones=(1, 2))]) == [
        "mark:intolerable:zone 2",
        "mark:intolerable:zone 3",
    ]
    muscles = [Report(), Report(intolerable_zones=(0,)), Report()]
    assert Button().press(0.0, muscles) == ["mark:intolerable:zone 2"]
