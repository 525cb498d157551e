"""From notebooks and pages to the site: execution, assembly, checks."""
