"""What was applied: numbered generations, the lock, the claims of an apply that did not finish."""
