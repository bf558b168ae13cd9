#include "token/piv/piv_file.h"

#include <stdio.h>
#include <string.h>

#include "token/piv/piv_object.h"

#define TAG_NAME 0x80
#define TAG_FILE 0x81

static uint32_t object_of(size_t index)
{
    return PIV_OBJECT_FILE + (uint32_t)index;
}

static void forget(struct piv_file *file)
{
    bytes_free(file->content);
    *file = (struct piv_file){.exists = PIV_NOT_ASKED};
}

static bool plain(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.at[i] < 0x20 || name.at[i] == 0x7F)
            return false;
    return name.len > 0 && name.len <= TOKEN_NAME_BYTES_MAX;
}

/* What an object holds that the card would not empty: a file's name that is none. */
static const uint8_t free_mark[] = {TAG_NAME, 0};

static bool is_free(struct span content)
{
    return content.len == 0 || span_equal(content, SPAN_ARRAY(free_mark));
}

/* An object that is not of our making, or can't be read, takes its place, but is no file. */
static void take(struct piv_file *file, struct span content)
{
    struct span name, bytes;
    forget(file);
    file->exists = is_free(content) ? PIV_NO : PIV_YES;
    if (!piv_tlv_find(content, TAG_NAME, &name) || !piv_tlv_find(content, TAG_FILE, &bytes) ||
        !plain(name) || bytes.len > TOKEN_FILE_BYTES_MAX)
        return;
    memcpy(file->name, name.at, name.len);
    file->name[name.len] = '\0';
    file->size_bytes = bytes.len;
    file->content = bytes_new(bytes);
}

/* A file whose writing broke off is none, and its place is free. */
static bool is_half_of_ours(struct span cut_off)
{
    struct piv_tlv first;
    return piv_tlv_next(&cut_off, &first) && first.tag == TAG_NAME && plain(first.value);
}

static enum err_code ask(struct piv *piv, size_t index, struct err *err)
{
    AUTO(piv_object_done) struct piv_object object = {NULL};
    if (piv_object_look(piv, object_of(index), &object, err) != ERR_NONE)
        return err->code;
    take(&piv->file[index], span_bytes(object.content));
    if (object.unread.code != ERR_NONE && !is_half_of_ours(span_bytes(object.cut_off)))
        piv->file[index].exists = PIV_YES;
    return ERR_NONE;
}

static enum err_code ask_unknown(struct piv *piv, struct err *err)
{
    for (size_t i = 0; i < PIV_FILES_MAX; i++)
        if (piv->file[i].exists == PIV_NOT_ASKED && ask(piv, i, err) != ERR_NONE)
            return err->code;
    return ERR_NONE;
}

enum err_code piv_file_list(struct piv *piv, struct token_files **out, struct err *err)
{
    AUTO(token_files_freep)
    struct token_files *files =
        memory_new(sizeof *files + PIV_FILES_MAX * sizeof(struct token_file));
    for (size_t i = 0; i < PIV_FILES_MAX; i++) {
        struct piv_file *file = &piv->file[i];
        if (ask(piv, i, err) != ERR_NONE)
            return err->code;
        if (file->name[0] == '\0')
            continue;
        struct token_file *listed = &files->files[files->count++];
        memcpy(listed->name, file->name, sizeof listed->name);
        listed->size_bytes = file->size_bytes;
    }
    *out = TAKE(files);
    return ERR_NONE;
}

static bool is_there(const struct piv *piv, const char *name, size_t *out)
{
    for (size_t i = 0; i < PIV_FILES_MAX; i++)
        if (strcmp(piv->file[i].name, name) == 0) {
            *out = i;
            return true;
        }
    return false;
}

/* What is remembered may be what the card said once when it would not show a file: it is asked again. */
static enum err_code find(struct piv *piv, const char *name, size_t *out, struct err *err)
{
    if (ask_unknown(piv, err) != ERR_NONE)
        return err->code;
    for (size_t i = 0; i < PIV_FILES_MAX && !is_there(piv, name, out); i++)
        if (ask(piv, i, err) != ERR_NONE)
            return err->code;
    if (!is_there(piv, name, out))
        return err_set(err, ERR_TOKEN_NO_FILE, "no file of this name");
    return ERR_NONE;
}

enum err_code piv_file_read(struct piv *piv, const char *name, struct bytes **out, struct err *err)
{
    size_t index = 0;
    if (find(piv, name, &index, err) != ERR_NONE)
        return err->code;
    struct piv_file *file = &piv->file[index];
    if (file->content == NULL && ask(piv, index, err) != ERR_NONE)
        return err->code;
    if (file->content == NULL || strcmp(file->name, name) != 0)
        return err_set(err, ERR_TOKEN_NO_FILE, "the file is no longer there");
    *out = TAKE(file->content);
    return ERR_NONE;
}

static enum err_code find_free(struct piv *piv, const char *name, size_t *out, struct err *err)
{
    size_t found = PIV_FILES_MAX;
    if (ask_unknown(piv, err) != ERR_NONE)
        return err->code;
    for (size_t i = PIV_FILES_MAX; i-- > 0;) {
        if (strcmp(piv->file[i].name, name) == 0)
            return err_set(err, ERR_TOKEN_EXISTS, "there is a file of this name");
        if (piv->file[i].exists == PIV_NO)
            found = i;
    }
    if (found == PIV_FILES_MAX)
        return err_set(err, ERR_TOKEN_NO_SPACE, "all %d files are taken", PIV_FILES_MAX);
    *out = found;
    return ERR_NONE;
}

enum err_code piv_file_write(struct piv *piv, const char *name, struct span content,
                             struct err *err)
{
    AUTO(buf_done) struct buf object = BUF_INIT(PIV_OBJECT_BYTES_MAX);
    size_t index = 0;
    piv_tlv_add(&object, TAG_NAME, span_text(name));
    piv_tlv_add(&object, TAG_FILE, content);
    if (object.bad)
        return err_set(err, ERR_TOKEN_NO_SPACE, "a file of %zu bytes", content.len);
    if (find_free(piv, name, &index, err) != ERR_NONE)
        return err->code;
    struct piv_file *file = &piv->file[index];
    forget(file); /* what is there is not known until the card has said that it is written */
    if (piv_object_write(piv, object_of(index), buf_span(&object), err) != ERR_NONE)
        return err_add(err, "write a file of %zu bytes", content.len);
    file->exists = PIV_YES;
    snprintf(file->name, sizeof file->name, "%s", name);
    file->size_bytes = content.len;
    return ERR_NONE;
}

static enum err_code write_free(struct piv *piv, size_t index, struct err *err)
{
    enum err_code code = piv_object_write(piv, object_of(index), SPAN_NONE, err);
    if (code != ERR_TOKEN_NO_SPACE)
        return code;
    *err = ERR_INIT;
    return piv_object_write(piv, object_of(index), SPAN_ARRAY(free_mark), err);
}

enum err_code piv_file_delete(struct piv *piv, const char *name, struct err *err)
{
    size_t index = 0;
    if (find(piv, name, &index, err) != ERR_NONE)
        return err->code;
    forget(&piv->file[index]);
    if (write_free(piv, index, err) != ERR_NONE)
        return err_add(err, "empty a file's object");
    piv->file[index].exists = PIV_NO;
    return ERR_NONE;
}
