"""Addresses within the site, as seen from its pages."""


def to_top(page):
    """What leads from a page to the folder of the site: "" for `contrastive`, "../" for `evidence/contrastive`."""
    return "../" * page.count("/")
