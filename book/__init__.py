"""The course as a book: web pages made from the executed lessons, to read before anything is installed."""
