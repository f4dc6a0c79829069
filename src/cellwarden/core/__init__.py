"""Types that cross room borders, and the errors; imports numpy only."""
