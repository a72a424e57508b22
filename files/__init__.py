"""Files of questions and answers: read into rows, and written out again."""
