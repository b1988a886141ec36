"""What asks the computer and not the course: files, processes, the machine, JupyterLab, where things are."""
