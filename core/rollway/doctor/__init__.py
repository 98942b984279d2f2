"""What Rollway rests on, looked at: machine, database, artifacts, plugins. Used by a daemon, and without one.

Nothing is changed, but for a file that is written and removed again to see that this can be done, and one row of the
database for the same reason.
"""
