"""A recording answers again as the site did: which answer to which request, and when.

* :mod:`.matching`: which recorded exchange a request means, tolerant of ids, tokens and times.
* :mod:`.carrying`: ids that the page makes anew, put into the answers.
* :mod:`.answering`, :mod:`.talking`: when each piece of an answer, and each message of a socket, is due.
* :mod:`.site`: the recording as a site; :mod:`.asked`: what was asked of it, and what went unanswered.
* :mod:`.code`: the files of the site itself, where a lean recording left them out.

All but the site decide without a clock, a socket or a task.
"""

from cdp_relay.recording.replay.asked import Asked, How, Unmatched
from cdp_relay.recording.replay.code import code_from
from cdp_relay.recording.replay.matching import Match, Matcher, Question
from cdp_relay.recording.replay.site import Code, ReplayedSite

__all__ = ["Asked", "Code", "How", "Match", "Matcher", "Question", "ReplayedSite", "Unmatched", "code_from"]
