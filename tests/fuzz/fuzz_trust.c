/* Files that tell which browser trusts what: the first byte of an input says which one the rest is. 'p': Firefox's
 * policies, which administrators write too; 'r': what we noted of them; 't': trust.json; else PEM. */
#include <stdio.h>
#include <unistd.h>

#include "agent/trust/trust_firefox.h"
#include "agent/trust/trust_pem.h"
#include "agent/trust/trust_record.h"
#include "base/file.h"
#include "fuzz.h"
#include "fuzz_input.h"

static const char *const origins[] = {"https://portal.test", "https://portal.test:8443"};

static char *folder, *policies, *noted, *record;

static void start(void)
{
    folder = fuzz_folder();
    policies = file_join(folder, "policies.json");
    noted = file_join(folder, "noted.json");
    record = file_join(folder, TRUST_RECORD_NAME);
}

static void put(const char *path, struct span content)
{
    FILE *file = fopen(path, "we");
    fuzz_require(file != NULL && fwrite(content.at, 1, content.len, file) == content.len);
    fuzz_require(fclose(file) == 0);
}

static struct bytes *get(const char *path)
{
    struct bytes *content = NULL;
    struct err err = ERR_INIT;
    fuzz_require(file_read(path, 2 * TRUST_FIREFOX_BYTES_MAX, &content, &err) == ERR_NONE);
    return content;
}

static bool refused(enum err_code code, const struct err *err)
{
    fuzz_require(code == ERR_NONE || code == ERR_TRUST_POLICY_FILE || code == ERR_FILE);
    fuzz_require(code == ERR_NONE || err->detail[0] != '\0');
    return code != ERR_NONE;
}

static bool is_as_before(struct span before)
{
    AUTO(bytes_freep) struct bytes *now = get(policies);
    return span_equal(span_bytes(now), before);
}

static struct trust_firefox wanted(void)
{
    return (struct trust_firefox){policies, noted, origins, ARRAY_SIZE(origins)};
}

static void try_policies(struct span before)
{
    const struct trust_firefox firefox = wanted();
    struct err err = ERR_INIT;
    bool all = false;
    bool any = false;
    bool again_any = false;
    (void)unlink(noted);
    put(policies, before);
    if (refused(trust_firefox_look(&firefox, &all, &any, &err), &err) ||
        refused(trust_firefox_install(&firefox, &err), &err)) {
        fuzz_require(is_as_before(before));
        return;
    }
    fuzz_require(!all || is_as_before(before));
    fuzz_require(trust_firefox_look(&firefox, &all, &again_any, &err) == ERR_NONE);
    fuzz_require(all && again_any);
    fuzz_require(trust_firefox_remove(&firefox, &err) == ERR_NONE);
    fuzz_require(is_as_before(before));
}

/* Whatever the note says: a refusal leaves the file as it is. */
static void try_note(struct span note)
{
    static const char theirs[] = "{\"policies\":{\"Certificates\":{\"Install\":[\"other.pem\"]}}}";
    const struct trust_firefox firefox = wanted();
    struct err err = ERR_INIT;
    put(policies, span_text(theirs));
    put(noted, note);
    if (refused(trust_firefox_remove(&firefox, &err), &err))
        fuzz_require(is_as_before(span_text(theirs)));
}

static void try_record(struct span content)
{
    struct trust_record read = {0};
    struct err err = ERR_INIT;
    put(record, content);
    if (trust_record_read(folder, &read, &err) != ERR_NONE) {
        fuzz_require(err.code == ERR_FILE && err.detail[0] != '\0');
        return;
    }
    fuzz_require(read.cert_count <= TRUST_RECORD_CERTS_MAX);
    fuzz_require(read.place_count <= TRUST_RECORD_PATHS_MAX);
    fuzz_require(read.made_count <= TRUST_RECORD_PATHS_MAX);
    fuzz_require(trust_record_write(folder, &read, &err) == ERR_NONE);
    trust_record_done(&read);
    AUTO(bytes_freep) struct bytes *written = get(record);
    fuzz_require(trust_record_read(folder, &read, &err) == ERR_NONE);
    fuzz_require(trust_record_write(folder, &read, &err) == ERR_NONE);
    trust_record_done(&read);
    AUTO(bytes_freep) struct bytes *again = get(record);
    fuzz_require(span_equal(span_bytes(written), span_bytes(again)));
}

static void try_pem(struct span pem)
{
    AUTO(bytes_freep) struct bytes *der = NULL;
    AUTO(bytes_freep) struct bytes *again = NULL;
    struct err err = ERR_INIT;
    if (trust_pem_read(pem, &der, &err) != ERR_NONE) {
        fuzz_require(err.code == ERR_BASE64 || err.code == ERR_FILE);
        return;
    }
    AUTO(memory_freep) char *written = trust_pem_write(span_bytes(der));
    fuzz_require(trust_pem_read(span_text(written), &again, &err) == ERR_NONE);
    fuzz_require(span_equal(span_bytes(der), span_bytes(again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span rest = span_of(data, size);
    if (folder == NULL)
        start();
    switch (fuzz_byte(&rest)) {
    case 'p':
        try_policies(rest);
        break;
    case 'r':
        try_note(rest);
        break;
    case 't':
        try_record(rest);
        break;
    default:
        try_pem(rest);
    }
    return 0;
}
