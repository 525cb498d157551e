"""The exercises on the site: a page for each master, and the notebook that students take away."""

import html
import re
from urllib.parse import quote, urlencode, urlsplit

import nbformat
from docutils.nodes import make_id

from lossatlas.classroom.masters import read_master
from lossatlas.classroom.masters.notebooks import student_notebook
from lossatlas.exercises.listing import LISTING, listing, page_of

#: The branch of the repository that holds the student notebooks alone, for Colab and for hubs that pull from git.
BRANCH = "student"
#: The folder of the site that holds them too.
NOTEBOOKS = "exercises"


def exercise_pages(book, audience):
    """The text of every page of exercises, by its name.

    Args:
        audience: `"student"`, or `"instructor"` for pages with solutions.
    """
    from lossatlas.classroom.masters.self_study import self_study_page

    pages = {}
    for family, path in book.masters().items():
        text = self_study_page(read_master(path), audience=audience, addresses=addresses(book, family))
        pages[page_of(family)] = link_sections(text, section_titles(book, family))
    return pages


def write_student_notebooks(book, folder):
    """Write the notebook of every master, as students get it, below what the site holds beside its pages.

    Returns:
        The address of each, by the page of the exercises.
    """
    (folder / NOTEBOOKS).mkdir()
    for family, path in book.masters().items():
        nbformat.write(student_notebook(read_master(path)), folder / NOTEBOOKS / f"{family}.ipynb")
    return {page_of(family): f"{NOTEBOOKS}/{family}.ipynb" for family in book.masters()}


def addresses(book, family):
    """Where the exercises of a chapter can be worked on, as words and addresses to offer on their page.

    Colab and the hub come from `launch_buttons` of `_config.yml`. A hub gets a link for nbgitpuller, which fetches
    the notebook there and keeps what a student has done when it fetches again.
    """
    launch = book.config.get("launch_buttons", {})
    path = quote(f"{family}.ipynb")
    colab, hub = (launch.get(key, "").rstrip("/") for key in ("colab_url", "jupyterhub_url"))
    folder = book.repository.rpartition("/")[2]
    pull = urlencode({"repo": book.repository, "branch": BRANCH, "urlpath": f"lab/tree/{folder}/{path}"})
    offered = {
        "Download the notebook": f"{NOTEBOOKS}/{path}",
        "Open it in Colab": colab and f"{colab}/github{urlsplit(book.repository).path}/blob/{BRANCH}/{path}",
        "Open it on the course's hub": hub and f"{hub}/hub/user-redirect/git-pull?{pull}",
        "Back to the chapter": f"{family}.html" if family in book.notebooks() else "",
    }
    return {words: address for words, address in offered.items() if address}


def section_titles(book, family):
    """Where the sections of a chapter and of its evidence are: title -> page, as far as titles are plain words.

    A title that both have is the chapter's.
    """
    found = {}
    for page in (f"evidence/{family}", family):
        path = book.written_notebooks().get(page)
        cells = nbformat.read(path, as_version=4).cells if path else ()
        text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        found |= dict.fromkeys(re.findall(r"^#{2,4} ([^$`*_\[{\n]+?) *$", text, re.M), page)
    return found


def link_sections(text, pages):
    """Let *Title of a section*, in a page of exercises, lead to that section.

    Args:
        text: the page of exercises.
        pages: what `section_titles` gives.
    """

    def link(found):
        words = found[1]
        if words not in pages:
            return found[0]
        return f'<a href="{pages[words]}.html#{make_id(words)}"><em>{html.escape(words, quote=False)}</em></a>'

    return re.sub(r"(?<![*\w])\*([^*\n]+)\*(?![*\w])", link, text)


def link_listings(notebook, pages, top=""):
    """Let the listings of exercises in an executed notebook lead to the pages that this site has.

    Args:
        notebook: the executed notebook; changed in place.
        pages: names of the pages of exercises.
        top: what leads from the page of the notebook to the folder of the site.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            shown = output.get("data", {}).get(LISTING)
            if shown:
                page = page_of(shown["family"])
                address = f"{top}{page}.html" if page in pages else ""
                output["data"]["text/html"] = listing(shown["family"]).html(address)
