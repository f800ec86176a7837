"""The walks of paged exports: read once, cut into pages, spooled ahead of the reader."""
