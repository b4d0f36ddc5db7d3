"""The built-in sections: they use what `cyclorama.plugins` offers, as any other does."""
