"""What the lessons show: data, figures, widgets, experiments."""
