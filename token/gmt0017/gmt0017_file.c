#include "token/gmt0017/gmt0017_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INFO_BYTES 12 /* size, rights to read, rights to write */
#define RIGHTS_USER 0x10
#define RIGHTS_ANYONE 0xFF
/* Before the file data in ReadFile and WriteFile: application, offset, name's length, name, length. */
#define FRAME_BYTES (GMT0017_ID_BYTES + 2 + 2 + TOKEN_NAME_BYTES_MAX + 2)

/* These commands carry the application's number in P1 and P2, its more significant byte first. */
static void set_application(const struct gmt0017 *key, struct gmt0017_command *command)
{
    bool little = key->profile.little_endian;
    command->p1 = key->application_id[little ? 1 : 0];
    command->p2 = key->application_id[little ? 0 : 1];
}

static enum err_code file_size(struct gmt0017 *key, const char *name, size_t *out, struct err *err)
{
    struct gmt0017_command command = {
        .name = "GetFileInfo",
        .cla = 0x80,
        .ins = 0x36,
        .data = span_text(name),
        .le = INFO_BYTES,
    };
    set_application(key, &command);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_read(key, &command, INFO_BYTES, &answer, err) != ERR_NONE)
        return err->code;
    uint32_t size = answer->len == INFO_BYTES ? gmt0017_u32(key, answer->at) : UINT32_MAX;
    if (size > TOKEN_FILE_BYTES_MAX)
        return err_set(err, ERR_TOKEN_ANSWER, "%s: %zu bytes, size %u", command.name, answer->len,
                       size);
    *out = size;
    return ERR_NONE;
}

struct listing {
    size_t count;
    char name[TOKEN_FILES_MAX][TOKEN_NAME_BYTES_MAX + 1];
};

static enum err_code take_name(void *context, const char *name, struct err *err)
{
    struct listing *listing = context;
    if (listing->count == TOKEN_FILES_MAX)
        return err_set(err, ERR_TOKEN_ANSWER, "more than %d files", TOKEN_FILES_MAX);
    snprintf(listing->name[listing->count++], sizeof listing->name[0], "%s", name);
    return ERR_NONE;
}

static enum err_code list_names(struct gmt0017 *key, struct listing *listing, struct err *err)
{
    struct gmt0017_command command = {
        .name = "EnumFiles", .cla = 0x80, .ins = 0x34, .le = APDU_LE_ALL};
    set_application(key, &command);
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_read(key, &command, GMT0017_LIST_BYTES_MAX, &answer, err) != ERR_NONE)
        return err->code;
    if (gmt0017_each_name(span_bytes(answer), take_name, listing, err) != ERR_NONE)
        return err_add(err, "%s", command.name);
    return ERR_NONE;
}

enum err_code gmt0017_file_list(struct gmt0017 *key, struct token_files **out, struct err *err)
{
    struct listing listing = {0};
    if (list_names(key, &listing, err) != ERR_NONE)
        return err->code;
    AUTO(token_files_freep)
    struct token_files *files =
        memory_new(sizeof *files + listing.count * sizeof(struct token_file));
    for (; files->count < listing.count; files->count++) {
        struct token_file *file = &files->files[files->count];
        memcpy(file->name, listing.name[files->count], sizeof file->name);
        if (file_size(key, file->name, &file->size_bytes, err) != ERR_NONE)
            return err->code;
    }
    *out = TAKE(files);
    return ERR_NONE;
}

static size_t less(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How much file data one ReadFile asks for: what suits the key, and is no more than it says it handles. */
static size_t read_bytes(const struct gmt0017 *key)
{
    size_t suits = key->profile.read_bytes;
    return key->data_bytes_max < GMT0017_CHUNK_BYTES_MIN ? suits : less(suits, key->data_bytes_max);
}

/* How much one WriteFile carries. A key that does not say what it takes gets no more than it is known to
 * answer with: a command that is too long for it is not found out by trying. */
static size_t write_bytes(const struct gmt0017 *key)
{
    size_t suits = key->profile.write_bytes;
    if (key->data_bytes_max < FRAME_BYTES + GMT0017_CHUNK_BYTES_MIN)
        return less(suits, key->profile.read_bytes);
    return less(suits, key->data_bytes_max - FRAME_BYTES);
}

static void add_place(const struct gmt0017 *key, struct buf *data, const char *name, size_t offset)
{
    buf_add(data, span_of(key->application_id, GMT0017_ID_BYTES));
    gmt0017_add_u16(key, data, (uint16_t)offset);
    gmt0017_add_u16(key, data, (uint16_t)strlen(name));
    buf_add_text(data, name);
}

static enum err_code read_chunk(struct gmt0017 *key, const char *name, size_t offset, size_t length,
                                uint8_t *into, struct err *err)
{
    AUTO(buf_done) struct buf data = BUF_INIT(FRAME_BYTES);
    add_place(key, &data, name, offset);
    struct gmt0017_command command = {
        .name = "ReadFile",
        .cla = 0x80,
        .ins = 0x38,
        .data = buf_span(&data),
        .le = (int)length,
    };
    AUTO(bytes_freep) struct bytes *answer = NULL;
    if (gmt0017_read(key, &command, length, &answer, err) != ERR_NONE)
        return err->code;
    if (answer->len != length)
        return err_set(err, ERR_TOKEN_ANSWER, "%s: %zu bytes instead of %zu", command.name,
                       answer->len, length);
    memcpy(into, answer->at, length);
    return ERR_NONE;
}

enum err_code gmt0017_file_read(struct gmt0017 *key, const char *name, size_t size,
                                struct bytes **out, struct err *err)
{
    if (size == 0 && file_size(key, name, &size, err) != ERR_NONE)
        return err->code;
    AUTO(bytes_freep) struct bytes *content = bytes_new_size(size);
    size_t chunk = read_bytes(key);
    for (size_t at = 0; at < size; at += chunk) {
        size_t length = size - at < chunk ? size - at : chunk;
        if (read_chunk(key, name, at, length, content->at + at, err) != ERR_NONE)
            return err_add(err, "read the file %s at %zu", name, at);
    }
    *out = TAKE(content);
    return ERR_NONE;
}

static enum err_code create(struct gmt0017 *key, const char *name, size_t size, struct err *err)
{
    size_t width = key->profile.file_name_bytes;
    if (strlen(name) > width)
        return err_set(err, ERR_FIELD_VALUE, "a file's name of %zu bytes, this key takes %zu",
                       strlen(name), width);
    AUTO(buf_done) struct buf data = BUF_INIT(TOKEN_NAME_BYTES_MAX + INFO_BYTES);
    buf_add_text(&data, name);
    buf_add_zeros(&data, width - strlen(name));
    gmt0017_add_u32(key, &data, (uint32_t)size);
    gmt0017_add_u32(key, &data, RIGHTS_ANYONE);
    gmt0017_add_u32(key, &data, RIGHTS_USER);
    struct gmt0017_command command = {
        .name = "CreateFile",
        .cla = 0x80,
        .ins = 0x30,
        .data = buf_span(&data),
        .le = APDU_LE_NONE,
    };
    set_application(key, &command);
    return gmt0017_send(key, &command, 0, NULL, err);
}

static enum err_code write_chunk(struct gmt0017 *key, const char *name, size_t offset,
                                 struct span chunk, struct err *err)
{
    AUTO(buf_done) struct buf data = BUF_INIT(FRAME_BYTES + GMT0017_CHUNK_BYTES_MAX);
    add_place(key, &data, name, offset);
    gmt0017_add_u16(key, &data, (uint16_t)chunk.len);
    buf_add(&data, chunk);
    struct gmt0017_command command = {
        .name = "WriteFile",
        .cla = 0x80,
        .ins = 0x3A,
        .data = buf_span(&data),
        .le = APDU_LE_NONE,
    };
    return gmt0017_send(key, &command, 0, NULL, err);
}

static enum err_code write_all(struct gmt0017 *key, const char *name, struct span content,
                               struct err *err)
{
    size_t chunk = write_bytes(key);
    for (size_t at = 0; at < content.len; at += chunk) {
        size_t length = content.len - at < chunk ? content.len - at : chunk;
        if (write_chunk(key, name, at, span_part(content, at, length), err) != ERR_NONE)
            return err_add(err, "write the file %s at %zu", name, at);
    }
    return ERR_NONE;
}

enum err_code gmt0017_file_write(struct gmt0017 *key, const char *name, struct span content,
                                 struct err *err)
{
    if (create(key, name, content.len, err) != ERR_NONE)
        return err->code;
    enum err_code code = write_all(key, name, content, err);
    if (code == ERR_NONE)
        return ERR_NONE;
    struct err second = ERR_INIT; /* on a broken line it stays behind, half-written */
    if (gmt0017_file_delete(key, name, &second) != ERR_NONE)
        return err_add(err, "and the new file could not be removed");
    return code;
}

enum err_code gmt0017_file_delete(struct gmt0017 *key, const char *name, struct err *err)
{
    struct gmt0017_command command = {
        .name = "DeleteFile",
        .cla = 0x80,
        .ins = 0x32,
        .data = span_text(name),
        .le = APDU_LE_NONE,
    };
    set_application(key, &command);
    return gmt0017_send(key, &command, 0, NULL, err);
}
