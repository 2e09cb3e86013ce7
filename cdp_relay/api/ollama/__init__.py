"""Ollama's dialect, as far as editors use it: ``request`` reads, ``answer`` writes, ``models`` lists."""
