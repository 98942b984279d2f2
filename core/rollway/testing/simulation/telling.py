"""Events in a few words, for the chronicle."""

from rollway.domain import events as e


def told(event: e.Event) -> str:
    """An event in a few words."""
    said: list[str] = []
    for name in (
        "step",
        "release",
        "monitor",
        "verdict",
        "group",
        "size",
        "instance",
        "phase",
        "split",
        "because",
    ):
        value = getattr(event, name, None)
        if name == "split" and value is not None:
            value = ", ".join(f"{g} {share}" for g, share in sorted(value.shares.items()))
        if value is not None:
            said.append(f"{name}={value}")
    reason = getattr(event, "reason", "")
    return f"{type(event).__name__}({', '.join(said)})" + (f": {reason[:90]}" if reason else "")
