"""Results in other people's tables: Canvas, Moodle, Gradescope, GitHub."""
