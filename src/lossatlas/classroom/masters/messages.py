"""The messages of an exercise's properties and a master's checks, read from their source code."""

import ast
import inspect
import textwrap

#: Calls whose last argument is a message to the student.
WITH_MESSAGE = ("need", "Wrong")


def messages(properties, checks):
    """Pairs of what is checked and the messages about it, for properties first and then for checks.

    Args:
        properties: functions of an exercise.
        checks: of a question; properties that they define are read like the others.

    Returns:
        List of (name, list of sentences). Where a sentence shows what was seen, it has "…" instead.
    """
    found = [(_first_line(function), _of_function(function)) for function in map(inspect.unwrap, properties)]
    for check in checks:
        for node in ast.parse(check.source).body[0].body:
            if isinstance(node, ast.FunctionDef):
                found.append((_docstring(node), _words_in(node)))
        own = [
            words
            for node in ast.parse(check.source).body[0].body
            if not isinstance(node, ast.FunctionDef)
            for words in _words_in(node)
        ]
        found.append((f"`{check.name}`", own))
    return [(name, list(dict.fromkeys(sentences))) for name, sentences in found if sentences]


def looks_at(check, properties):
    """What a check looks at: its own words, else the properties that its call of `check_properties` names."""
    tree = ast.parse(check.source).body[0]
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "check_properties"
    ]
    if ast.get_docstring(tree) or len(calls) != 1:
        return check.words
    settings = {keyword.arg: _value(keyword.value, tree) for keyword in calls[0].keywords}
    if "properties" in settings:
        return check.words
    names = settings.get("only", "all of them")
    if names is None:  # computed, not written down
        return check.words
    titles = {function.__name__: _first_line(inspect.unwrap(function)) for function in properties}
    words = (
        "All properties"
        if names == "all of them"
        else ". ".join(titles.get(name, name) for name in ([names] if isinstance(names, str) else names))
    )
    return f"{words}{', on other inputs' if settings.get('draws') else ''}."


def _value(node, tree):
    """The value of an expression that is written down, here or where its name is assigned; else None."""
    if isinstance(node, ast.Name):
        node = _assigned(tree).get(node.id, node)
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _assigned(tree):
    return {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _of_function(function, seen=None):
    """The words of a function and of the functions of the exercises that it calls."""
    seen = set() if seen is None else seen
    if not inspect.isfunction(function) or function in seen or ".exercises." not in f"{function.__module__}.":
        return []
    seen.add(function)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    words = _words_in(tree)
    called = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for name in sorted(called - set(WITH_MESSAGE)):
        inner = function.__globals__.get(name)
        words += _of_function(inner, seen)
        if name.startswith("_") and inspect.isfunction(inner):
            words += _returned(inner)
    return words


def _words_in(tree):
    """The last arguments of `need` and `Wrong`, and the messages of `assert`, as far as they are written down."""
    names = _assigned(tree)
    expressions = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in WITH_MESSAGE and node.args:
            expressions.append(node.args[-1])
        elif isinstance(node, ast.Assert) and node.msg is not None:
            expressions.append(node.msg)
    return [words for node in expressions for words in [_text(node, names)] if _is_sentence(words)]


def _returned(function):
    """The texts that a function returns, where it composes a message."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    names = _assigned(tree)
    return [
        words
        for node in ast.walk(tree)
        if isinstance(node, ast.Return)
        for words in [_text(node.value, names)]
        if _is_sentence(words)
    ]


def _text(node, names, depth=3):
    """An expression as text, with "…" for what only a run can fill in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, names, depth) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, names, depth)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left, names, depth) + _text(node.right, names, depth)
    if isinstance(node, ast.Name) and depth and node.id in names:
        return _text(names[node.id], names, depth - 1)
    return "…"


def _is_sentence(words):
    return len(words.replace("…", "").split()) > 2


def _first_line(function):
    return (inspect.getdoc(function) or function.__name__.replace("_", " ")).partition("\n")[0].rstrip(".")


def _docstring(node):
    return (ast.get_docstring(node) or node.name.replace("_", " ")).partition("\n")[0].rstrip(".")
