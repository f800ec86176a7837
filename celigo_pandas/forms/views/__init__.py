"""The widgets that draw the forms: the only place that imports ipywidgets and anywidget."""
