"""What benchmarks/data.py measures: its tables, their contracts, our pass over them, a bare scan, and the peers'."""
