"""How far two columns of counts lie apart: one module for each way to measure it, all in one form.

What it measures · for which features · range and direction · default limit, and whose · weakness. Each takes shares
in its last axis, so that one call measures thousands of resampled windows.
"""
