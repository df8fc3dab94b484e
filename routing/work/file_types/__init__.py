"""What may be kept of what people upload: judged by its bytes, never by what it calls itself."""
