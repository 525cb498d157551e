"""Grade a class: notebooks of strangers in, a gradebook out. Nothing here trusts what a notebook claims about itself."""
