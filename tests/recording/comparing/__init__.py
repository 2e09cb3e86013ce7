"""Tests of :mod:`cdp_relay.recording.comparing`."""
