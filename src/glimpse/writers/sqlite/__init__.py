"""The SQLite writer: tables and views, rows made from entries or from events, and what reads them."""
