from __future__ import annotations

import pytest

from cdp_relay.chrome import RestartPolicy


def test_the_waiting_doubles_up_to_half_a_minute() -> None:
    policy = RestartPolicy()
    delays = []
    for number in range(9):
        policy.note_death(number * 100.0, lived_seconds=60)
        delays.append(policy.delay_seconds())
    assert delays == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_a_long_life_starts_the_waiting_anew() -> None:
    policy = RestartPolicy()
    for number in range(4):
        policy.note_death(float(number), lived_seconds=1)
    policy.note_death(1000.0, lived_seconds=900)
    assert policy.delay_seconds() == 0.5


def test_the_fifth_death_in_five_minutes_opens_the_circuit() -> None:
    policy = RestartPolicy()
    for now in (0.0, 50.0, 100.0, 150.0):
        policy.note_death(now, lived_seconds=40)
        assert policy.open_seconds(now) == 0
    policy.note_death(200.0, lived_seconds=40)
    assert policy.open_seconds(200.0) == 100
    assert policy.open_seconds(299.0) == pytest.approx(1)
    assert policy.open_seconds(300.0) == 0


def test_a_death_right_after_the_circuit_closed_opens_it_again() -> None:
    policy = RestartPolicy()
    for now in (0.0, 1.0, 2.0, 3.0, 4.0):
        policy.note_death(now, lived_seconds=0)
    assert policy.open_seconds(300.0) == 0
    policy.note_death(300.5, lived_seconds=0)
    assert policy.open_seconds(300.5) == pytest.approx(0.5)


def test_deaths_far_apart_never_open_it() -> None:
    policy = RestartPolicy()
    for number in range(50):
        policy.note_death(number * 80.0, lived_seconds=79)
        assert policy.open_seconds(number * 80.0) == 0
