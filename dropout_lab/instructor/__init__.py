"""What teachers and maintainers run: build, release, grade."""
