"""From notebooks to a hosted page: execution, site, checks, and the `lossatlas` command line."""
