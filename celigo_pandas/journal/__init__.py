"""What survives a crash: pulls and pushes."""
