"""What every explorer stands on: controls, one display bundle for kernel and page, the script of the page."""
