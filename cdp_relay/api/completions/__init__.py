"""OpenAI's older completions of a prompt: ``request`` reads, ``answer`` writes, ``routes`` joins them."""
