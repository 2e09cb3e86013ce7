"""``/v1/requests``: what was asked, in whatever dialect, and what came of it.

``shown`` makes JSON of what the journal keeps, ``events`` writes what a client was told as numbered events,
and ``routes`` ties them to paths.
"""
