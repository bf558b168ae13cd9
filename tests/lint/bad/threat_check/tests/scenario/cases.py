class Case:
    def __init__(self, name):
        self.name = name


class Suite:
    def __init__(self, *names):
        self.cases = [Case(name) for name in names]
