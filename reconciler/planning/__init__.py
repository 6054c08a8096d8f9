"""Session, observed and baseline become a plan. Pure: nothing here can reach the studio."""
