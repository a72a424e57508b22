"""Coverage-guided fuzzing of the readers of files, and the inputs that it found."""
