"""The MongoDB writer: documents, the collection they go to, and what is kept while the server is away."""
