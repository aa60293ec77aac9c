/* What becomes of alerts: pending, firing, over, told. */
