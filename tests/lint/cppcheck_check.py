"""cppcheck on all our C."""

import analysis

CHECKS = "warning,portability,performance"
# What this version says of good C, whatever the file.
NEVER = {
    "internalAstError": "it can't parse an initialiser that holds TAKE()",
    "normalCheckLevelMaxBranches": "a notice",
}
# The same reason wherever a file reads JSON.
READ = "json_read has set it where it succeeded"
LET_PASS = {
    ("agent/trust/trust_record.c", "uninitvar"): READ,
    ("token/token_monitor.c", "uninitvar"): "it copies as many of fresh[] as the loop before has filled",
    ("token/virtual/virtual_channel.c", "nullPointer"): "it takes the initialiser before TAKE() for the value after it",
    ("token/virtual/virtual_piv_state.c", "nullPointer"): READ,
    ("token/virtual/virtual_state.c", "nullPointer"): READ,
}


def findings(top):
    names = analysis.sources(top)
    if not names:
        return []
    command = ["cppcheck", "--quiet", "--std=c11", f"--enable={CHECKS}", "--max-configs=1", "-I", ".", "-j", str(analysis.WIDTH)]
    command += [*analysis.DEFINES, "--template={file}:{line}: warning: {message} [{id}]", "--template-location="]
    command += [f"--suppress={name}" for name in (*NEVER, "missingInclude")]
    found = analysis.read(analysis.output_of(top, [*command, *names]))
    return analysis.explained(found, LET_PASS, names)
