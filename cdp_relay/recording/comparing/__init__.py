"""What changed between two recordings of a site, in words."""

from cdp_relay.recording.comparing.compare import compare
from cdp_relay.recording.comparing.difference import Difference, Kind, Weight, is_grave
from cdp_relay.recording.comparing.reference import compare_report, reference
from cdp_relay.recording.comparing.shape import Shape

__all__ = [
    "Difference",
    "Kind",
    "Shape",
    "Weight",
    "compare",
    "compare_report",
    "is_grave",
    "reference",
]
