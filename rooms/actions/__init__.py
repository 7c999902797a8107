"""All writes. Each is one keyword-only function, checked and atomic."""
