"""The one place that imports ipywidgets."""
