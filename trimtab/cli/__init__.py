"""The command line: `trimtab <noun> <verb>`. stdout is the answer, stderr is the talk."""
