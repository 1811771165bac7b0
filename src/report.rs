//! Reporters: fold events into text for people and machines. Never see the plan.
