"""Records as HTML, Markdown, LaTeX and for the terminal."""
