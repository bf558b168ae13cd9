"""Cases: a scenario file registers them, the runner performs them one after the other in one world."""

import traceback
from dataclasses import dataclass, field


@dataclass
class Case:
    name: str
    perform: object  # called with the world


@dataclass
class Suite:
    cases: list = field(default_factory=list)

    def case(self, name):
        """Decorator: the function below is the case of this name."""

        def register(perform):
            self.add(name, perform)
            return perform

        return register

    def add(self, name, perform):
        """A row of a table: perform(world)."""
        assert all(name != case.name for case in self.cases), f"two cases are called {name!r}"
        self.cases.append(Case(name, perform))


def outcome(case, world):
    """None when the case passed, else what to show."""
    try:
        case.perform(world)
    except Exception:  # a case may fail in any way; the next one still runs
        return traceback.format_exc()
    return None


def equal(found, wanted, what):
    assert found == wanted, f"{what}: {found!r} instead of {wanted!r}"
