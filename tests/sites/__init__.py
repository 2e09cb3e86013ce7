"""Replica sites: small servers that behave like the real pages, for tests and for people to look at."""
