"""What bodies tell: their strings, where each stands, and which of them build up a text that is known."""
