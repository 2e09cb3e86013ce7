"""OpenAI's Chat Completions: ``request`` reads, ``answer`` writes, ``routes`` joins them. No browser here."""
