"""Between the judge and code that it does not trust."""
