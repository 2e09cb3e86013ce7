"""Where the time of a request went."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdp_relay.recording.recorder._phases import phases
from cdp_relay.recording.session import Timings

NONE = {"dnsStart": -1, "dnsEnd": -1, "connectStart": -1, "connectEnd": -1, "sslStart": -1, "sslEnd": -1}
FRESH = {
    "requestTime": 10.5,
    "dnsStart": 100,
    "dnsEnd": 120,
    "connectStart": 120,
    "connectEnd": 170,
    "sslStart": 140,
    "sslEnd": 170,
    "sendStart": 171,
    "sendEnd": 172,
    "receiveHeadersEnd": 472,
}
KEPT_ALIVE = {"requestTime": 10.5, **NONE, "sendStart": 1, "sendEnd": 2, "receiveHeadersEnd": 302}


def rounded(timings: Timings) -> tuple[float | None, ...]:
    values = (
        *(timings.blocked, timings.dns, timings.connect, timings.ssl),
        *(timings.send, timings.wait, timings.receive),
    )
    return tuple(None if value is None else round(value, 6) for value in values)


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        pytest.param(FRESH, (0.601, 0.02, 0.05, 0.03, 0.001, 0.3, 1.028), id="a new connection"),
        pytest.param(
            KEPT_ALIVE, (0.501, None, None, None, 0.001, 0.3, 1.198), id="a connection that was there"
        ),
        pytest.param(None, (None, None, None, None, 0.0, 1.0, 1.0), id="no word of the network"),
        pytest.param({"requestTime": 0}, (None, None, None, None, 0.0, 1.0, 1.0), id="an empty word"),
    ],
)
def test_each_phase_has_its_time(timing: dict[str, float] | None, expected: tuple[float | None, ...]) -> None:
    assert rounded(phases(10.0, timing, 11.0, 12.0)) == expected


@given(
    st.one_of(st.none(), st.fixed_dictionaries({key: st.floats(-1, 5000) for key in FRESH})),
    st.one_of(st.none(), st.floats(10, 20)),
    st.one_of(st.none(), st.floats(10, 20)),
)
def test_no_phase_is_negative(
    timing: dict[str, float] | None, answered_at: float | None, ended_at: float | None
) -> None:
    assert all(value is None or value >= 0 for value in rounded(phases(10.0, timing, answered_at, ended_at)))
