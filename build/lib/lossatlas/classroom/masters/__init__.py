"""From one master notebook to all that is handed out: for students, for graders, for instructors, for the site."""

from .cells import MasterError
from .checks import Check
from .make import Assignment, make_assignment, masters_in
from .master import Master, Question, read_master
from .notebooks import instructor_notebook, student_notebook
from .self_study import self_study_page

__all__ = [
    "Assignment", "Check", "Master", "MasterError", "Question", "instructor_notebook", "make_assignment", "masters_in",
    "read_master", "self_study_page", "student_notebook",
]  # fmt: skip
