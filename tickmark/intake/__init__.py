"""The strict reader: the only code that touches bytes from outside.

`stream` opens, hashes and decompresses; `containers` cuts records and decodes them; `reader` turns
one file into rows and dispositions; `__main__` does it in a child process with limits; `sources`
finds the files, starts the children and checks that nothing was lost.
"""
