"""Reads batches: files of rows in, blocks of checked cells out, in one pass and in bounded memory."""
