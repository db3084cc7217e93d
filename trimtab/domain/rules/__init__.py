"""The language of cross-column rules: `late == 0 or arrived_at > scheduled_at + minutes(15)`.

Small and safe: a rule reads the columns of one row and is true, false or unknown; it can call the functions of
`kinds.py` and nothing else. A value that is missing makes what is computed from it unknown, as in SQL, and a rule that
is unknown for a row is not broken by it.
"""
