"""Take a site through a scenario while it is recorded, by the relay or by the person."""
