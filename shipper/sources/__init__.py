"""One module per log source; see `shipper.source` for what a source is."""
