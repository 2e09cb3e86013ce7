"""Sites served over TLS at their true origin, to a browser that finds them by host mapping."""
