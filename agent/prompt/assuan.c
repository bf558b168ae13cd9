#include "agent/prompt/assuan.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/buf.h"

struct assuan {
    int fd;
    struct secret *area; /* bytes that came and were not handled yet */
    assuan_quality_fn quality; /* NULL: none */
    void *quality_context;
};

enum err_code assuan_new(int fd, struct assuan **out, struct err *err)
{
    struct secret *area = NULL;
    if (secret_new(ASSUAN_LINE_BYTES_MAX, &area, err) != ERR_NONE)
        return err->code;
    struct assuan *assuan = memory_new(sizeof *assuan);
    assuan->fd = fd;
    assuan->area = area;
    *out = assuan;
    return ERR_NONE;
}

void assuan_free(struct assuan *assuan)
{
    if (assuan == NULL)
        return;
    secret_free(assuan->area);
    free(assuan);
}

void assuan_freep(struct assuan **assuan)
{
    assuan_free(*assuan);
    *assuan = NULL;
}

void assuan_set_quality(struct assuan *assuan, assuan_quality_fn function, void *context)
{
    assuan->quality = function;
    assuan->quality_context = context;
}

/* ---- sending ---- */

static enum err_code send_all(const struct assuan *assuan, struct span bytes, struct err *err)
{
    while (bytes.len > 0) {
        /* The socket's buffer holds a hundred commands: one that is full belongs to a hung dialog. */
        ssize_t sent = send(assuan->fd, bytes.at, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return err_set_errno(err, ERR_PROMPT_UNAVAILABLE, "write to the dialog");
        bytes = span_part(bytes, (size_t)sent, bytes.len - (size_t)sent);
    }
    return ERR_NONE;
}

/* Bytes of the UTF-8 character at text; stray bytes count alone. */
static size_t character_length(const char *text)
{
    size_t length = 1;
    while (((unsigned char)text[length] & 0xC0) == 0x80)
        length++;
    return length;
}

/* Source: the Assuan manual, "Client requests": percent sign, CR and LF are escaped. Other control
 * characters have no meaning in a dialog and become blanks. */
static void add_character(struct buf *line, const char *at, size_t length)
{
    if (*at == '%' || *at == '\n' || *at == '\r')
        buf_printf(line, "%%%02X", (unsigned char)*at);
    else if ((unsigned char)*at < ' ' || *at == 0x7F)
        buf_add_u8(line, ' ');
    else
        buf_add(line, span_of(at, length));
}

/* Bytes that add_character may need. */
#define ESCAPED_BYTES 3

static void add_argument(struct buf *line, const char *argument)
{
    while (*argument != '\0') {
        size_t length = character_length(argument);
        size_t need = length > ESCAPED_BYTES ? length : ESCAPED_BYTES;
        if (line->len + need > ASSUAN_COMMAND_BYTES_MAX - 1)
            return;
        add_character(line, argument, length);
        argument += length;
    }
}

enum err_code assuan_send(struct assuan *assuan, const char *command, const char *argument,
                          struct err *err)
{
    AUTO(buf_done) struct buf line = BUF_INIT(ASSUAN_COMMAND_BYTES_MAX);
    buf_add_text(&line, command);
    if (argument != NULL) {
        buf_add_u8(&line, ' ');
        add_argument(&line, argument);
    }
    buf_add_u8(&line, '\n');
    return send_all(assuan, buf_span(&line), err);
}

/* ---- receiving ---- */

static enum err_code wait_readable(const struct assuan *assuan, const struct assuan_wait *wait,
                                   struct err *err)
{
    for (;;) {
        struct pollfd fds[] = {
            {.fd = assuan->fd, .events = POLLIN},
            {.fd = cancel_fd(wait->cancel), .events = POLLIN},
        };
        int ready = poll(fds, ARRAY_SIZE(fds), deadline_left_ms(wait->deadline));
        if (ready < 0 && errno != EINTR)
            return err_set_errno(err, ERR_PROMPT_UNAVAILABLE, "wait for the dialog");
        if (cancel_requested(wait->cancel))
            return err_set(err, ERR_CANCELLED, "cancelled while the dialog was open");
        if (ready > 0)
            return ERR_NONE;
        if (deadline_passed(wait->deadline))
            return err_set(err, ERR_DEADLINE, "the dialog gave no answer in time");
    }
}

/* Whether the line is the word alone or the word and a blank. */
static bool has_word(const uint8_t *line, size_t length, const char *word)
{
    size_t word_length = strlen(word);
    return length >= word_length && memcmp(line, word, word_length) == 0 &&
           (length == word_length || line[word_length] == ' ');
}

/* A person can type more than fits; then that is what went wrong. */
static enum err_code line_too_long(const struct assuan *assuan, struct err *err)
{
    struct span line = secret_peek(assuan->area);
    bool typed = has_word(line.at, line.len, "D") || has_word(line.at, line.len, "INQUIRE");
    return err_set(err, typed ? ERR_PIN_LENGTH : ERR_PROMPT_UNAVAILABLE,
                   "the dialog sent a line of more than %d bytes", ASSUAN_LINE_BYTES_MAX);
}

static enum err_code read_more(struct assuan *assuan, const struct assuan_wait *wait,
                               struct err *err)
{
    size_t used = secret_peek(assuan->area).len;
    size_t room = secret_capacity(assuan->area) - used;
    if (room == 0)
        return line_too_long(assuan, err);
    if (wait_readable(assuan, wait, err) != ERR_NONE)
        return err->code;
    ssize_t got = recv(assuan->fd, secret_room(assuan->area) + used, room, 0);
    if (got < 0 && errno == EINTR)
        return ERR_NONE;
    if (got < 0)
        return err_set_errno(err, ERR_PROMPT_UNAVAILABLE, "read from the dialog");
    if (got == 0)
        return err_set(err, ERR_PROMPT_UNAVAILABLE, "the dialog's process ended");
    secret_set_length(assuan->area, used + (size_t)got);
    return ERR_NONE;
}

/* *out_length: of the first line in the area, without its line feed. */
static enum err_code read_line(struct assuan *assuan, const struct assuan_wait *wait,
                               size_t *out_length, struct err *err)
{
    for (;;) {
        struct span have = secret_peek(assuan->area);
        const uint8_t *end = have.len == 0 ? NULL : memchr(have.at, '\n', have.len);
        if (end != NULL) {
            *out_length = (size_t)(end - have.at);
            return ERR_NONE;
        }
        if (read_more(assuan, wait, err) != ERR_NONE)
            return err->code;
    }
}

static void drop_line(struct assuan *assuan, size_t length)
{
    uint8_t *area = secret_room(assuan->area);
    size_t left = secret_peek(assuan->area).len - (length + 1);
    memmove(area, area + length + 1, left);
    secret_set_length(assuan->area, left); /* wipes what the line has left behind */
}

static int hex_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit |= 0x20;
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The byte that "%XX" at the start of these bytes stands for, -1: it is not there. */
static int escaped_byte(const uint8_t *at, size_t length)
{
    if (length < 3 || at[0] != '%' || hex_value(at[1]) < 0 || hex_value(at[2]) < 0)
        return -1;
    return hex_value(at[1]) << 4 | hex_value(at[2]);
}

/* Decodes in place; *out_length is what is left. False: a percent sign without two digits. */
static bool decode_percent(uint8_t *at, size_t length, size_t *out_length)
{
    size_t put = 0;
    for (size_t i = 0; i < length; i++) {
        if (at[i] != '%') {
            at[put++] = at[i];
            continue;
        }
        int byte = escaped_byte(at + i, length - i);
        if (byte < 0)
            return false;
        at[put++] = (uint8_t)byte;
        i += 2;
    }
    *out_length = put;
    return true;
}

static enum err_code take_data(uint8_t *at, size_t length, struct secret *data, struct err *err)
{
    size_t decoded;
    if (!decode_percent(at, length, &decoded))
        return err_set(err, ERR_PROMPT_UNAVAILABLE, "the dialog sent data that is badly escaped");
    if (data == NULL)
        return ERR_NONE;
    size_t used = secret_peek(data).len;
    if (decoded > secret_capacity(data) - used)
        return err_set(err, ERR_PIN_LENGTH, "more than %zu bytes were typed",
                       secret_capacity(data));
    memcpy(secret_room(data) + used, at, decoded);
    secret_set_length(data, used + decoded);
    return ERR_NONE;
}

/* ---- inquiries ---- */

/* Decodes in place and returns what is left. pinentry 1.2 escapes '+' and control characters, sends a blank
 * as '+', and '%' as it is; so only what some sender must escape is taken for an escape. A guess that is
 * wrong shows a wrong bar; the PIN itself comes later in a D line. */
static size_t decode_typed(uint8_t *at, size_t length)
{
    size_t put = 0;
    for (size_t i = 0; i < length; i++) {
        int byte = escaped_byte(at + i, length - i);
        bool escaped = byte >= 0 && (byte < ' ' || byte == '+' || byte == '%' || byte == 0x7F);
        uint8_t plain = at[i] == '+' ? ' ' : at[i];
        at[put++] = escaped ? (uint8_t)byte : plain;
        i += escaped ? 2 : 0;
    }
    return put;
}

static int judge(const struct assuan *assuan, uint8_t *typed, size_t length)
{
    size_t decoded = decode_typed(typed, length);
    int quality = assuan->quality(assuan->quality_context, span_of(typed, decoded));
    if (quality > ASSUAN_QUALITY_MAX)
        return ASSUAN_QUALITY_MAX;
    return quality < -ASSUAN_QUALITY_MAX ? -ASSUAN_QUALITY_MAX : quality;
}

static enum err_code answer_inquiry(const struct assuan *assuan, uint8_t *line, size_t length,
                                    struct err *err)
{
    static const char word[] = "INQUIRE QUALITY";
    size_t start = length > strlen(word) ? strlen(word) + 1 : length;
    char answer[32];
    if (assuan->quality == NULL || !has_word(line, length, word))
        return send_all(assuan, span_text("END\n"), err);
    snprintf(answer, sizeof answer, "D %d\nEND\n", judge(assuan, line + start, length - start));
    return send_all(assuan, span_text(answer), err);
}

/* ---- answers ---- */

static unsigned long code_of(const uint8_t *line, size_t length)
{
    unsigned long code = 0;
    for (size_t i = strlen("ERR "); i < length && line[i] >= '0' && line[i] <= '9'; i++)
        code = code * 10 + (unsigned long)(line[i] - '0');
    return code;
}

/* *out_last: the line ends the answer. */
static enum err_code handle_line(struct assuan *assuan, size_t length, struct secret *data,
                                 struct assuan_answer *out, bool *out_last, struct err *err)
{
    uint8_t *line = secret_room(assuan->area);
    *out_last = has_word(line, length, "OK") || has_word(line, length, "ERR");
    if (*out_last) {
        out->ok = line[0] == 'O';
        out->code = out->ok ? 0 : code_of(line, length);
        return ERR_NONE;
    }
    if (length >= 2 && line[0] == 'D' && line[1] == ' ')
        return take_data(line + 2, length - 2, data, err);
    if (has_word(line, length, "INQUIRE"))
        return answer_inquiry(assuan, line, length, err);
    if (has_word(line, length, "S PIN_REPEATED"))
        out->repeated = true;
    if (length == 0 || line[0] == '#' || has_word(line, length, "S"))
        return ERR_NONE;
    return err_set(err, ERR_PROMPT_UNAVAILABLE, "the dialog does not speak pinentry's protocol");
}

enum err_code assuan_receive(struct assuan *assuan, const struct assuan_wait *wait,
                             struct secret *data, struct assuan_answer *out, struct err *err)
{
    struct assuan_answer answer = {0};
    for (size_t lines = 0; lines < ASSUAN_LINES_MAX; lines++) {
        bool last = false;
        size_t length = 0;
        if (read_line(assuan, wait, &length, err) != ERR_NONE ||
            handle_line(assuan, length, data, &answer, &last, err) != ERR_NONE)
            return err->code;
        drop_line(assuan, length);
        if (last) {
            *out = answer;
            return ERR_NONE;
        }
    }
    return err_set(err, ERR_PROMPT_UNAVAILABLE, "the dialog sent more than %d lines",
                   ASSUAN_LINES_MAX);
}
