"""The tabs of one site: a bounded number that work, a bounded queue of turns that wait.

``queue`` decides whose turn it is and ``shelf`` which tab it gets, without any clock or browser;
``waiting`` lets turns wait for the one, ``weight`` asks a page how much it holds, ``pool`` owns the tabs.
"""

from cdp_relay.chat.tabs.pool import TabPool, Tabs
from cdp_relay.chat.tabs.statistics import PoolStatistics

__all__ = ["PoolStatistics", "TabPool", "Tabs"]
