"""The autograder for Gradescope: what packs it, and what runs there."""
