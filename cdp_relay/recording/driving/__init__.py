"""Drive a site through a scenario and record it, or let a person do so, and keep what may be kept."""
