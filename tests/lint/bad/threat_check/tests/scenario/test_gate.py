from cases import Suite

suite = Suite("bad requests")
