"""Anchors that are exactly the name that was given: `nt_xent`, where docutils would write `nt-xent`."""

from docutils import nodes
from docutils.parsers.rst import Directive


class Exactly(nodes.Invisible, nodes.Element):
    """The name that the section around it is to have. It is gone before anything is written."""


class Anchor(Directive):
    """The directive {anchor}: the section in which it stands can be linked to by this name, as it is written."""

    required_arguments = 1

    def run(self):
        return [Exactly(anchor=self.arguments[0])]


def name_sections(app, doctree):
    """Give each section the anchor that stands in it, before the table of contents of the page is collected."""
    for node in list(doctree.findall(Exactly)):
        section = node.parent
        section["ids"] = [node["anchor"], *(other for other in section["ids"] if other != node["anchor"])]
        section.remove(node)


def ask_for_formulas(app, doctree):
    """Formulas inside of raw HTML need MathJax as much as others do."""
    if any("math notranslate" in part.astext() for part in doctree.findall(nodes.raw)):
        app.env.get_domain("math").data["has_equations"][app.env.docname] = True
