"""What Trimtab costs, beside what others cost, measured in the same run."""
