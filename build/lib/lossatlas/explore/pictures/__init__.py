"""The pictures of losses, one a file."""
