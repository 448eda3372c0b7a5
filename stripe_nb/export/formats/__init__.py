"""The formats of files, each in a module of its own that `writes` its suffixes.

A module here is found by looking; nothing else needs to know of it.
"""
