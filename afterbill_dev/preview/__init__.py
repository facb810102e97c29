"""Every mail and every page in every language, as one gallery on this machine."""
