"""A recording answers again as the site did: which answer to which request, and when."""
