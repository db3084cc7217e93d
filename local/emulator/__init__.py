"""The emulator under the local cloud; only modules of this package import ministack.

`local.emulator.environment` must have prepared the process before any other of them is imported.
"""
