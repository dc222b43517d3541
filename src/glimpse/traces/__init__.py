"""Reading traces: records in, calls, trees, statistics, failures and differences out, in one pass and flat memory."""
