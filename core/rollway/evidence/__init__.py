"""Judges: from counts to an e-value to a verdict. Pure.

`judge` is the way in; `specification` is what monitors write, `counts` what they read, `judgement` what comes out.
`pricing` says before a rollout what its steps will need, `latency` and `record` turn what stable did into terms.
"""
