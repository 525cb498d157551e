"""What an instructor does: hand out what masters hold, and grade what comes back."""
