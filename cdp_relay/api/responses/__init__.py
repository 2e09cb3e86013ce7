"""OpenAI's Responses: ``/v1/responses`` and what hangs on it.

``request`` reads a body with ``input`` and ``tools``; ``answer`` writes events and whole answers
out of ``resource`` and ``output``, and ``failure`` says what broke. ``store`` keeps answers,
``background`` runs those that outlive their request, and ``routes`` ties them to paths.
"""
