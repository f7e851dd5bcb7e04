"""What a class says about its parameters, for those who show them to users."""

import inspect


def meanings(cls: type) -> dict[str, str]:
    """Return what the docstring of a class says about each parameter."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in (inspect.getdoc(cls) or "").splitlines():
        if not line.startswith(" ") and " : " in line:
            names = line.split(" : ")[0].split(", ")
            found.update(dict.fromkeys(names, ""))
        elif line.startswith(" ") and names:
            for name in names:
                found[name] = f"{found[name]} {line.strip()}".strip()
        else:
            names = []
    return found
