"""Grade a class: from the notebooks of strangers to a gradebook. Nothing here trusts the claims of a notebook."""
