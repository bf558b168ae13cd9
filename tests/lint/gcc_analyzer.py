"""gcc's analyser on all our C, for what this version of it tells right."""

import analysis

# Not asked for, because it follows one file at a time: it does not know that a call which returned ERR_NONE
# has set its output, nor that memory_new never gives NULL.
WITHOUT = ("null-dereference", "possible-null-dereference", "null-argument", "possible-null-argument", "use-of-uninitialized-value")
LET_PASS = {
}


def findings(top):
    names = analysis.sources(top)
    options = ["-O1", "-fanalyzer", "-fdiagnostics-path-format=none", "-fno-diagnostics-show-caret", "-fdiagnostics-plain-output"]
    options += [f"-Wno-analyzer-{name}" for name in WITHOUT]

    def look(name):
        return analysis.output_of(top, ["gcc", *analysis.flags(top, name), *options, "-c", name, "-o", "/dev/null"])

    found = [finding for finding in analysis.read(analysis.each(names, look)) if finding[0] in names]
    return analysis.explained(found, LET_PASS, names)
