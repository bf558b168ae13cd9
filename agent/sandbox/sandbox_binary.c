#include "agent/sandbox/sandbox_binary.h"

#include <elf.h>
#include <link.h>
#include <string.h>

#include "base/memory.h"

/* Source: x86-64 psABI, Linux gABI extension: one note of 4-byte fields, properties aligned to 8. */
#define X86_FEATURES 0xc0000002U
/* Guarded jumps (IBT) and returns (shadow stack). */
#define X86_BOTH 3U
/* Header of a note, and its name "GNU". */
#define NOTE_HEAD 16

/* The program's own headers: those that are listed first. */
static int take_first(struct dl_phdr_info *info, size_t size, void *context)
{
    *(struct dl_phdr_info *)context = *info;
    return 1;
}

static struct dl_phdr_info program(void)
{
    struct dl_phdr_info info = {0};
    dl_iterate_phdr(take_first, &info);
    return info;
}

static const Elf64_Phdr *header_of(const struct dl_phdr_info *info, Elf64_Word type)
{
    for (size_t i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == type)
            return &info->dlpi_phdr[i];
    return NULL;
}

static const void *address(const struct dl_phdr_info *info, const Elf64_Phdr *header)
{
    return (const void *)(uintptr_t)(info->dlpi_addr + header->p_vaddr);
}

static enum sandbox_built built(bool yes)
{
    return yes ? SANDBOX_BUILT : SANDBOX_NOT_BUILT;
}

static enum sandbox_built is_position_independent(void)
{
    struct dl_phdr_info info = program();
    return built(info.dlpi_addr != 0);
}

static enum sandbox_built is_relocated_read_only(void)
{
    struct dl_phdr_info info = program();
    return built(header_of(&info, PT_GNU_RELRO) != NULL);
}

static enum sandbox_built is_bound_at_once(void)
{
    struct dl_phdr_info info = program();
    const Elf64_Phdr *header = header_of(&info, PT_DYNAMIC);
    if (header == NULL)
        return SANDBOX_NOT_BUILT;
    for (const Elf64_Dyn *at = address(&info, header); at->d_tag != DT_NULL; at++)
        if ((at->d_tag == DT_FLAGS && (at->d_un.d_val & DF_BIND_NOW) != 0) ||
            (at->d_tag == DT_FLAGS_1 && (at->d_un.d_val & DF_1_NOW) != 0))
            return SANDBOX_BUILT;
    return SANDBOX_NOT_BUILT;
}

static enum sandbox_built has_data_stack(void)
{
    struct dl_phdr_info info = program();
    const Elf64_Phdr *header = header_of(&info, PT_GNU_STACK);
    return built(header != NULL && (header->p_flags & PF_X) == 0);
}

static enum sandbox_built has_no_writable_code(void)
{
    struct dl_phdr_info info = program();
    for (size_t i = 0; i < info.dlpi_phnum; i++)
        if (info.dlpi_phdr[i].p_type == PT_LOAD &&
            (info.dlpi_phdr[i].p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
            return SANDBOX_NOT_BUILT;
    return SANDBOX_BUILT;
}

#ifdef __CET__
/* Debian 12's start files (crt1.o, crti.o) carry no such mark, and the linker takes what all have. */
static enum sandbox_built has_guarded_jumps(void)
{
    struct dl_phdr_info info = program();
    const Elf64_Phdr *header = header_of(&info, PT_GNU_PROPERTY);
    if (header == NULL)
        return SANDBOX_BUILT_IN_PART;
    const uint8_t *note = address(&info, header);
    for (size_t at = NOTE_HEAD; at + 12 <= header->p_memsz;) {
        uint32_t type, length, value;
        memcpy(&type, note + at, sizeof type);
        memcpy(&length, note + at + 4, sizeof length);
        memcpy(&value, note + at + 8, sizeof value);
        if (type == X86_FEATURES)
            return (value & X86_BOTH) == X86_BOTH ? SANDBOX_BUILT : SANDBOX_BUILT_IN_PART;
        at += 8 + ((length + 7) & ~7U);
    }
    return SANDBOX_BUILT_IN_PART;
}
#else
static enum sandbox_built has_guarded_jumps(void)
{
#ifdef __x86_64__
    return SANDBOX_NOT_BUILT;
#else
    return SANDBOX_NO_SUCH_THING;
#endif
}
#endif

static enum sandbox_built has_guarded_stack(void)
{
#if defined(__SSP_STRONG__) || defined(__SSP_ALL__)
    return SANDBOX_BUILT;
#else
    return SANDBOX_NOT_BUILT;
#endif
}

/* A sanitizer looks closer than this does, and without optimisation there is none. */
static enum sandbox_built has_checked_calls(void)
{
#if defined(_FORTIFY_SOURCE) && _FORTIFY_SOURCE >= 2
    return SANDBOX_BUILT;
#elif defined(UKEYD_SANITIZED) || !defined(__OPTIMIZE__)
    return SANDBOX_NO_SUCH_THING;
#else
    return SANDBOX_NOT_BUILT;
#endif
}

const struct sandbox_flag sandbox_flags[] = {
    {"position-independent (PIE)", is_position_independent},
    {"relocations read-only (RELRO)", is_relocated_read_only},
    {"bound at once (BIND_NOW)", is_bound_at_once},
    {"stack is no code", has_data_stack},
    {"no part is writable and code", has_no_writable_code},
    {"stack protector", has_guarded_stack},
    {"checked library calls (FORTIFY)", has_checked_calls},
    {"guarded jumps and returns (CET)", has_guarded_jumps},
};
const size_t sandbox_flag_count = ARRAY_SIZE(sandbox_flags);
