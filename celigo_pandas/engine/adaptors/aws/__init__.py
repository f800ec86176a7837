"""What the adaptors of AWS services share: keys, endpoints, signed requests, and what refusals mean."""
