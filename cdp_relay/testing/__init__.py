"""For tests of one's own: replicas and recordings of sites, at their true origin, in a real Chromium."""
