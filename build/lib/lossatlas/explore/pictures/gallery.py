"""Several figures one after another."""


class Gallery:
    """A sequence of figures that a notebook shows one below the other."""

    def __init__(self, figures):
        self.figures = list(figures)

    def __iter__(self):
        return iter(self.figures)

    def __len__(self):
        return len(self.figures)

    def __getitem__(self, position):
        return self.figures[position]

    def __repr__(self):
        return f"Gallery({self.figures!r})"

    def html(self):
        return "\n".join(figure.html() for figure in self.figures)

    def _ipython_display_(self):
        from IPython.display import display

        for figure in self.figures:
            display(figure)
