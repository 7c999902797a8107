"""The forms of dates and times by language, where those of Django can be misread."""
