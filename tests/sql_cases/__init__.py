"""Cases of every SELECT whose logic matters: rows in, rows out, in YAML."""
