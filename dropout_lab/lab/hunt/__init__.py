"""The bug hunt of lesson 07."""
