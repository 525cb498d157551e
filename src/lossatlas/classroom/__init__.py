"""What an instructor does: hand out the contents of masters, and grade what comes back."""
