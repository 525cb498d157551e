"""Anchors that are exactly the name that was given: `nt_xent`, where docutils would write `nt-xent`."""

from docutils import nodes
from docutils.parsers.rst import Directive


class Anchor(Directive):
    """The directive {anchor}: the section in which it stands can be linked to by this name, as it is written."""

    required_arguments = 1

    def run(self):
        return [nodes.target(ids=[self.arguments[0]], classes=["atlas-anchor"])]


def name_sections(app, doctree):
    """Give each section the anchor that stands in it, before the table of contents of the page is collected."""
    for target in list(doctree.findall(nodes.target)):
        if "atlas-anchor" in target["classes"]:
            section = target.parent
            section["ids"] = [*target["ids"], *section["ids"]]
            section.remove(target)


def ask_for_formulas(app, doctree):
    """Formulas inside of raw HTML need MathJax as much as others do."""
    if any("math notranslate" in part.astext() for part in doctree.findall(nodes.raw)):
        app.env.get_domain("math").data["has_equations"][app.env.docname] = True
