"""From one master notebook to all that is handed out: for students, for graders, for instructors, for the site."""

from .cells import MasterError
from .checks import Check
from .master import Master, Question, read_master

__all__ = ["Check", "Master", "MasterError", "Question", "read_master"]
