"""What changed between two recordings of a site, in words."""
