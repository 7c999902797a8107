"""Every write: one keyword-only function each, checked and atomic."""
