"""Addresses of pages that are elsewhere now: they lead there."""

#: the address that was -> the page that has taken its place
MOVED = {"playground": "losses"}

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Moved: {page}</title>
<link rel="canonical" href="{page}.html">
<meta http-equiv="refresh" content="0; url={page}.html">
</head>
<body><p>This page is now <a href="{page}.html">here</a>.</p></body>
</html>
"""


def write_moved(folder):
    """Write a page that leads on for every address that was, where its page is in the site.

    Args:
        folder: the folder of the built site.
    """
    for was, page in MOVED.items():
        if (folder / f"{page}.html").is_file():
            (folder / f"{was}.html").write_text(PAGE.format(page=page), encoding="utf8")
