"""Files that are whole, locked or unfinished, whatever kills the process."""
