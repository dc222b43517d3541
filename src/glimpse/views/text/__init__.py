"""Text for terminals, pipes and Markdown, made safe: nothing that a trace holds reaches the terminal unescaped."""
