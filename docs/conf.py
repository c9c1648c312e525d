"""How the documentation is built: MyST Markdown, the furo theme, every warning an error."""

from umbane import __version__

project = "Umbane"
author = "The Umbane authors"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.doctest"]
exclude_patterns = ["_build"]
nitpicky = True

myst_enable_extensions = ["colon_fence", "deflist"]
myst_fence_as_directive = ["doctest"]  # a fence marked `doctest` is run, and reads as plain code elsewhere
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"Umbane {release}"
html_show_sourcelink = False
