"""What every refusal has to satisfy: the right code with a text and a remedy in both languages, and a key
that is as it was before."""

from cases import equal

LANGUAGES = ("zh-CN", "en")


def check_problem(problem, code):
    equal(problem["code"], code, "the code")
    for member in ("title", "remedy"):
        assert problem[member].strip(), f"no {member}: {problem}"


def check_languages(agent, operation, code):
    """The operation's error in both languages, which differ."""
    titles = set()
    for language in LANGUAGES:
        error = agent.operation(operation["id"], language=language)["error"]
        check_problem(error, code)
        titles.add((error["title"], error["remedy"]))
    equal(len(titles), len(LANGUAGES), "different texts")


class Untouched:
    """Pictures of keys, to be compared after what must not change them."""

    def __init__(self, *cards):
        self.before = [(card, card.picture(), card.tries_left()) for card in cards]

    def check(self, wrong_pins=0):
        """wrong_pins: typed by the person at the first key."""
        for index, (card, picture, tries) in enumerate(self.before):
            equal(card.picture(), picture, f"key {card.serial}")
            spent = wrong_pins if index == 0 else 0
            equal(card.tries_left(), tries - spent, f"PIN tries left of {card.serial}")


def refused(agent, code, untouched, ticket=None, state="failed", wrong_pins=0, token=None, seconds=60):
    """Performs a renewal that has to be refused; the operation."""
    operation = agent.perform("renew", ticket, token, seconds)
    check_refused(agent, operation, code, untouched, state, wrong_pins)
    return operation


def check_refused(agent, operation, code, untouched, state="failed", wrong_pins=0):
    assert operation["error"], f"no error in state {operation['state']}"
    equal(operation["error"]["code"], code, f"the code ({operation['error']['detail']})")
    equal(operation["state"], state, "the state")
    check_languages(agent, operation, code)
    equal(operation["key_changed"], False, "key_changed")
    untouched.check(wrong_pins)
