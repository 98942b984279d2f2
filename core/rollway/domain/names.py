"""How things are named in streams."""


def rollout_stream(rollout: str) -> str:
    """The stream of a rollout."""
    return f"rollout:{rollout}"


def environment_stream(application: str, environment: str) -> str:
    """The stream of an environment."""
    return f"environment:{application}/{environment}"


def place(application: str, environment: str) -> str:
    """An environment's full name."""
    return f"{application}/{environment}"
