"""The generated pages of the site, one a file: each gives the text of its page."""
