"""A log run through the estimators and the detectors, block by block; imports diagnosis and what lies below it."""
