"""Sphinx settings of the book. Nothing on its pages comes from the network."""

project = "Before You Fine-Tune"
html_title = project
language = "en"
extensions = ["myst_nb"]
nb_execution_mode = "off"  # book.build executes the lessons
nb_ipywidgets_js = {}  # each widget is a still, which needs no script from elsewhere
nb_mime_priority_overrides = [("html", "text/html", 0), ("html", "image/svg+xml", 1)]
myst_heading_anchors = 2
myst_enable_extensions = []  # "$5" is an amount and no formula
html_theme = "sphinx_book_theme"
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "footer_content_items": ["extra-footer.html"],
    "extra_footer": "Lessons and data: CC BY 4.0. Code: Apache-2.0.",
    "navbar_persistent": [],  # the search field is beside the lessons
}
html_sidebars = {"**": ["home.html", "search-button-field.html", "sbt-sidebar-nav.html"]}
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_copy_source = False
