"""Execute one notebook in a process of its own: a request in JSON on stdin, a report in JSON on stdout.

Run as a file, not as a module: it needs papermill alone, and a process per notebook makes its peak memory
measurable and its end certain.
"""

import json
import resource
import sys
import time


def execute(source, target, parameters, folder, timeout):
    """Run `source` with papermill and write the executed copy to `target`.

    Returns:
        `seconds`, `peak_mib` (of the kernel) and `error`: None, or what went wrong and in which cell.
    """
    import papermill

    _save_once()
    error, start = None, time.monotonic()
    try:
        papermill.execute_notebook(
            source,
            target,
            parameters=parameters,
            cwd=folder,
            kernel_name="python3",
            language="python",
            execution_timeout=timeout,
            start_timeout=180,
            progress_bar=False,
        )
    except papermill.PapermillExecutionError as failure:
        error = f"cell {failure.cell_index} raised {failure.ename}: {failure.evalue}\n{failure.source.strip()}"
    except Exception as failure:
        error = f"{type(failure).__name__}: {failure}"
    return {"seconds": round(time.monotonic() - start, 2), "peak_mib": _peak_mib(), "error": error}


def _save_once():
    """Let papermill write the copy when it is through with it, be it by an error.

    It would write it before and after every cell: megabytes of figures, hundreds of times.
    """
    from papermill.engines import NotebookExecutionManager

    save = NotebookExecutionManager.save

    def save_when_done(manager, **keywords):
        if manager.nb.metadata.papermill.get("end_time"):
            save(manager, **keywords)

    NotebookExecutionManager.save = save_when_done


def _peak_mib():
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10))


if __name__ == "__main__":
    request = json.load(sys.stdin)
    report, sys.stdout = sys.stdout, sys.stderr
    json.dump(execute(**request), report)
