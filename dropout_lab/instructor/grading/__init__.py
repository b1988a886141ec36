"""From a folder of submissions to a result for each."""
