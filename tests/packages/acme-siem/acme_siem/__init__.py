"""Log sources of Acme."""
