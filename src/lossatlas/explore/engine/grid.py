"""A function of a few controls, known by the names of its arguments, and its values over their grid."""

import inspect
import itertools

from ...contract import expect


class Controlled:
    """A function with the controls that its arguments name; all of them for one that takes `**values`.

    Arguments with a default that are no control keep it.
    """

    def __init__(self, function, controls):
        self.function = function
        self.name = getattr(function, "__name__", type(function).__name__)
        self.names = []
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                self.names = list(controls)
            elif name in controls:
                self.names.append(name)
            elif parameter.default is parameter.empty:
                known = ", ".join(controls) or "none"
                expect(False, name, f"a control for this argument of {self.name}", f"the controls {known}")
        self._controls = [controls[name] for name in self.names]

    def at(self, values):
        return self.function(**{name: values[name] for name in self.names})

    def traces(self, values):
        """What a picture returns, as a list of plain dictionaries."""
        traces = self.at(values)
        traces = [traces] if isinstance(traces, dict) or hasattr(traces, "to_plotly_json") else list(traces)
        return [t.to_plotly_json() if hasattr(t, "to_plotly_json") else dict(t) for t in traces]

    def grid(self):
        """The values of the controls, cell by cell; the last control runs fastest."""
        return [
            dict(zip(self.names, values, strict=True))
            for values in itertools.product(*(c.values for c in self._controls))
        ]

    @property
    def first(self):
        """Which cell of the grid is shown at first."""
        cell = 0
        for control in self._controls:
            cell = cell * len(control.values) + control.index
        return cell
