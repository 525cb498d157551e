"""A reader of GIFT that knows nothing of the writer: it follows what Moodle's importer does with a file."""

import html
import re

ESCAPES = {"\\\\": "\\", "\\:": ":", "\\#": "#", "\\=": "=", "\\{": "{", "\\}": "}", "\\~": "~", "\\n": "\n"}


def read(text):
    """[{category, name, format, text, kind, …}, …] of the questions of a file."""
    questions, category = [], None
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if not line.strip().startswith("//")]
        block = _hidden("\n".join(lines).strip())
        if block.startswith("$CATEGORY:"):
            category = _shown(block.removeprefix("$CATEGORY:").strip())
        elif block:
            questions.append({"category": category, **_question(block)})
    return questions


def _hidden(text):
    """Escaped signs replaced by private characters, so that what is left of GIFT's signs is its syntax."""
    return re.sub(r"\\[\\:#={}~n]", lambda found: chr(0xE000 + list(ESCAPES).index(found[0])), text)


def _shown(text):
    for n, sign in enumerate(ESCAPES.values()):
        text = text.replace(chr(0xE000 + n), sign)
    return text.strip()


def _words(text):
    """HTML back to a text of the questions, with its marks."""
    text = _shown(text)
    text = re.sub(r"\\\((.*?)\\\)", r"$\1$", text)
    text = re.sub(r"</?code>", "`", text)
    return html.unescape(re.sub(r"</?em>", "*", text))


def _question(block):
    name, rest = re.fullmatch(r"::(.*?)::(.*)", block, re.S).groups()
    question, answers, after = re.fullmatch(r"([^{}]*)\{([^{}]*)\}([^{}]*)", rest, re.S).groups()
    assert after == ""
    form, question = re.fullmatch(r"\[(\w+)\](.*)", question.strip(), re.S).groups()
    question, code = re.fullmatch(r"<p>(.*?)</p>(?:<pre>(.*)</pre>)?", _shown(question), re.S).groups()
    found = {"name": _shown(name), "format": form, "text": _words(question), "code": html.unescape(code or "")}
    return {**found, **_answers(answers.strip())}


def _answers(text):
    text, _, general = text.partition("####")
    if text.startswith("#"):
        answers, _, other = text[1:].partition("~")
        rows = [_row(row) for row in answers.split("=")[1:]]
        numbers = [
            {"value": float(row["text"].partition(":")[0]), "tolerance": float(row["text"].partition(":")[2]), **row}
            for row in rows
        ]
        return {"kind": "number", "answers": numbers, "otherwise": _words(other.partition("#")[2])}
    if "~" in text:
        kind = "one" if "=" in text else "several"
        rows = re.split(r"(?=[~=])", text)[1:]
        return {"kind": kind, "answers": [{**_row(row[1:]), "right": row[0] == "="} for row in rows]}
    if "->" in text:
        pairs = [row.split("->") for row in text.split("=")[1:]]
        return {
            "kind": "match",
            "pairs": [(_words(left), _shown(right)) for left, right in pairs],
            "general": _words(general),
        }
    answer, if_wrong, if_right = text.split("#")
    assert answer in ("TRUE", "FALSE")
    return {"kind": "truth", "right": answer == "TRUE", "if_wrong": _words(if_wrong), "if_right": _words(if_right)}


def _row(text):
    weight, text = re.fullmatch(r"\s*(?:%(-?\d+\.?\d*)%)?(.*)", text, re.S).groups()
    answer, _, feedback = text.partition("#")
    return {"weight": None if weight is None else float(weight), "text": _words(answer), "feedback": _words(feedback)}
