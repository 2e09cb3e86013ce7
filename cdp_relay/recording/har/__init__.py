"""A recording as HAR 1.2, and back."""
