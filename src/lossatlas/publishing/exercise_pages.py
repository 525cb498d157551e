"""The exercises on the site: a page for each master, and the notebook that students take away."""

from urllib.parse import quote, urlencode, urlsplit

import nbformat
import yaml

from lossatlas.assignments import read_master
from lossatlas.exercises.listing import LISTING, listing, page_of

from .config import listed_pages

#: The branch of the repository that holds the student notebooks alone, for Colab and for hubs that pull from git.
BRANCH = "student"


def exercise_pages(book, audience):
    """The text of every page of exercises, by its name.

    Args:
        audience: `"student"`, or `"instructor"` for pages with solutions.
    """
    from lossatlas.assignments.self_study import self_study_page

    return {
        page_of(family): self_study_page(read_master(path), audience=audience, addresses=addresses(book, family))
        for family, path in book.masters().items()
    }


def write_student_notebooks(book, folder):
    """Put the notebook of every master, as students get it, into a folder, which becomes `exercises` on the site."""
    from lossatlas.assignments.make import student_notebook

    folder.mkdir(parents=True)
    for family, path in book.masters().items():
        nbformat.write(student_notebook(read_master(path)), folder / f"{family}.ipynb")


def addresses(book, family):
    """Where the exercises of a chapter can be worked on, and the chapter itself; "" for what there is not.

    Returns:
        `notebook` and `chapter` as seen from the page of the exercises, `colab`, and `nbgitpuller`, which needs the
        address of a hub in `launch_buttons.jupyterhub_url` of `_config.yml`.
    """
    launch = book.config.get("launch_buttons", {})
    path = quote(f"{family}.ipynb")
    colab, hub = (launch.get(key, "").rstrip("/") for key in ("colab_url", "jupyterhub_url"))
    folder = book.repository.rpartition("/")[2]
    pull = urlencode({"repo": book.repository, "branch": BRANCH, "urlpath": f"lab/tree/{folder}/{path}"})
    return {
        "notebook": f"exercises/{path}",
        "chapter": f"{family}.html" if family in book.notebooks() else "",
        "colab": f"{colab}/github{urlsplit(book.repository).path}/blob/{BRANCH}/{path}" if colab else "",
        "nbgitpuller": f"{hub}/hub/user-redirect/git-pull?{pull}" if hub else "",
    }


def link_listings(notebook, pages):
    """Let the listings of exercises in an executed notebook lead to the pages that this site has.

    Args:
        notebook: the executed notebook; changed in place.
        pages: names of the pages of exercises.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            shown = output.get("data", {}).get(LISTING)
            if shown:
                page = page_of(shown["family"])
                output["data"]["text/html"] = listing(shown["family"]).html(f"{page}.html" if page in pages else "")


def without_missing(contents, pages):
    """A table of contents, as YAML, without the pages of exercises that have no master.

    Args:
        contents: the table as YAML.
        pages: names of the pages of exercises that there are.
    """
    table = yaml.safe_load(contents)
    _drop(table, may_be_missing(table) - set(pages))
    return yaml.safe_dump(table, sort_keys=False)


def may_be_missing(table):
    """The pages of a table of contents that are for a chapter's exercises: they come and go with its master."""
    listed = set(listed_pages(table))
    return listed & set(map(page_of, listed))


def _drop(entry, names):
    for key, value in list(entry.items()):
        if isinstance(value, list):
            entry[key] = [one for one in value if one.get("file") not in names]
            for one in entry[key]:
                _drop(one, names)
            if not entry[key]:
                del entry[key]
