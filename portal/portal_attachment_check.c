#include "portal/portal_attachment_check.h"

#include <stdlib.h>
#include <strings.h>

#include "base/text.h"

/* ---- names ---- */

/* Separators, controls, and characters that turn or hide what is beside them.
 * Source: Unicode 15, General_Category Cc, Cf, Zl, Zp and Co. */
static const struct {
    uint32_t first, last;
} refused_characters[] = {
    {0x0000, 0x001F}, {0x007F, 0x009F}, {0x00AD, 0x00AD}, {0x0600, 0x0605},   {0x061C, 0x061C},
    {0x06DD, 0x06DD}, {0x070F, 0x070F}, {0x115F, 0x1160}, {0x180B, 0x180F},   {0x200B, 0x200F},
    {0x2028, 0x202E}, {0x2060, 0x206F}, {0x3164, 0x3164}, {0xE000, 0xF8FF},   {0xFE00, 0xFE0F},
    {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFF}, {0x1D173, 0x1D17A}, {0xE0000, 0x10FFFF},
};

static uint32_t decode(const char *at, size_t length)
{
    static const uint8_t masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (uint8_t)at[0] & masks[length];
    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((uint8_t)at[i] & 0x3F);
    return code;
}

static bool is_refused(uint32_t code)
{
    if (code < 0x80 && strchr("/\\:*?\"<>|", (int)code) != NULL)
        return true;
    for (size_t i = 0; i < ARRAY_SIZE(refused_characters); i++)
        if (code >= refused_characters[i].first && code <= refused_characters[i].last)
            return true;
    return false;
}

enum err_code portal_attachment_check_name(const char *name, struct err *err)
{
    size_t length = strlen(name);
    if (length == 0 || length > PORTAL_ATTACHMENT_NAME_BYTES_MAX)
        return err_set(err, ERR_ATTACHMENT_NAME, "%zu bytes, 1 to %d are allowed", length,
                       PORTAL_ATTACHMENT_NAME_BYTES_MAX);
    if (strchr(". ", name[0]) != NULL || strchr(". ", name[length - 1]) != NULL)
        return err_set(err, ERR_ATTACHMENT_NAME, "begins or ends with a dot or a space");
    for (size_t at = 0; at < length;) {
        size_t bytes = text_utf8_length(name + at, length - at);
        if (bytes == 0)
            return err_set(err, ERR_ATTACHMENT_NAME, "not UTF-8");
        uint32_t code = decode(name + at, bytes);
        if (is_refused(code))
            return err_set(err, ERR_ATTACHMENT_NAME, "character U+%04X", code);
        at += bytes;
    }
    return ERR_NONE;
}

/* ---- reading ---- */

static uint32_t u32_be(struct span span, size_t at)
{
    return (uint32_t)span.at[at] << 24 | (uint32_t)span.at[at + 1] << 16 |
           (uint32_t)span.at[at + 2] << 8 | span.at[at + 3];
}

static bool starts_with(struct span span, size_t offset, const void *bytes, size_t len)
{
    return span_equal(span_part(span, offset, len), span_of(bytes, len));
}
#define STARTS_WITH(span, offset, literal) starts_with(span, offset, literal, sizeof(literal) - 1)

/* ---- PNG. Source: PNG specification (ISO/IEC 15948), 5 and 11.2.2 ---- */

/* Four bits at a time: a page of 5 MiB is looked at while others wait. */
static uint32_t crc32_of(struct span span)
{
    static const uint32_t remainders[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < span.len; i++) {
        crc ^= span.at[i];
        crc = crc >> 4 ^ remainders[crc & 15];
        crc = crc >> 4 ^ remainders[crc & 15];
    }
    return ~crc;
}

static bool is_png_header(struct span png, size_t chunk)
{
    return u32_be(png, chunk) == 13 && u32_be(png, chunk + 8) != 0 && u32_be(png, chunk + 12) != 0;
}

/* Chunks with their checksums up to IEND, which ends the file. */
static bool is_png(struct span png)
{
    bool image = false;
    for (size_t at = 8; png.len - at >= 12;) {
        size_t length = u32_be(png, at);
        if (length > png.len - at - 12 ||
            crc32_of(span_of(png.at + at + 4, length + 4)) != u32_be(png, at + 8 + length))
            return false;
        if (STARTS_WITH(png, at + 4, "IHDR") != (at == 8) || (at == 8 && !is_png_header(png, at)))
            return false;
        image = image || STARTS_WITH(png, at + 4, "IDAT");
        bool end = STARTS_WITH(png, at + 4, "IEND");
        at += length + 12;
        if (end || at > png.len - 12)
            return end && image && at == png.len;
    }
    return false;
}

/* ---- JPEG. Source: ISO/IEC 10918-1 (ITU-T T.81), Annex B ---- */

enum {
    SOF0 = 0xC0,
    DHT = 0xC4,
    JPG = 0xC8,
    DAC = 0xCC,
    SOF15 = 0xCF,
    RST0 = 0xD0,
    SOI = 0xD8,
    EOI = 0xD9,
    SOS = 0xDA,
    TEM = 0x01
};

static bool is_frame(uint8_t marker)
{
    return marker >= SOF0 && marker <= SOF15 && marker != DHT && marker != JPG && marker != DAC;
}

/* Behind the entropy-coded data that starts at offset: at the next marker but a restart's. */
static size_t skip_scan(struct span jpeg, size_t at)
{
    while (at + 1 < jpeg.len) {
        uint8_t next = jpeg.at[at + 1];
        if (jpeg.at[at] == 0xFF && next != 0 && next != 0xFF && (next < RST0 || next >= SOI))
            return at;
        at++;
    }
    return jpeg.len;
}

/* Behind the marker segment at offset; 0 when it is broken. */
static size_t skip_segment(struct span jpeg, size_t at)
{
    if (jpeg.len - at < 4)
        return 0;
    size_t length = (size_t)jpeg.at[at + 2] << 8 | jpeg.at[at + 3];
    bool whole = length >= 2 && length <= jpeg.len - at - 2;
    if (!whole ||
        (is_frame(jpeg.at[at + 1]) && (length < 8 || (jpeg.at[at + 7] | jpeg.at[at + 8]) == 0)))
        return 0;
    return at + 2 + length;
}

/* Behind the EOI of the image at offset; 0 when it is none. */
static size_t skip_image(struct span jpeg, size_t at)
{
    bool frame = false, scan = false;
    if (!STARTS_WITH(jpeg, at, "\xFF\xD8\xFF"))
        return 0;
    for (at += 2; jpeg.len - at >= 2 && jpeg.at[at] == 0xFF;) {
        uint8_t marker = jpeg.at[at + 1];
        if (marker == 0xFF) { /* fill */
            at++;
            continue;
        }
        if (marker == EOI)
            return frame && scan ? at + 2 : 0;
        if (marker < SOF0 || (marker >= RST0 && marker <= SOI))
            return 0;
        frame = frame || is_frame(marker);
        at = skip_segment(jpeg, at);
        if (at == 0)
            return 0;
        if (marker == SOS) {
            scan = frame;
            at = skip_scan(jpeg, at);
        }
    }
    return 0;
}

/* Phones put a second image behind the first (multi-picture format): nothing but whole images. */
static bool is_jpeg(struct span jpeg)
{
    size_t at = 0;
    do
        at = skip_image(jpeg, at);
    while (at != 0 && at < jpeg.len);
    return at != 0;
}

/* ---- PDF. Source: ISO 32000-1, 7.5 ---- */

static bool is_space(uint8_t byte)
{
    return byte == 0 || byte == '\t' || byte == '\n' || byte == '\f' || byte == '\r' || byte == ' ';
}

static size_t trimmed(struct span span, size_t len)
{
    while (len > 0 && is_space(span.at[len - 1]))
        len--;
    return len;
}

/* Whether the last cross-reference section is where the trailer says: a table, or a stream's object. */
static bool has_references(struct span pdf, size_t offset)
{
    if (STARTS_WITH(pdf, offset, "xref"))
        return true;
    size_t at = offset;
    while (at < pdf.len && pdf.at[at] >= '0' && pdf.at[at] <= '9')
        at++;
    return at > offset && at < pdf.len && is_space(pdf.at[at]);
}

/* "%PDF-1." at the first byte, and at the last "startxref", an offset and "%%EOF". */
static bool is_pdf(struct span pdf)
{
    static const char mark[] = "%%EOF", word[] = "startxref";
    size_t end = trimmed(pdf, pdf.len);
    if (end < sizeof mark - 1 || !STARTS_WITH(pdf, end - (sizeof mark - 1), mark))
        return false;
    end = trimmed(pdf, end - (sizeof mark - 1));
    size_t offset = 0, digits = 0;
    for (size_t scale = 1;
         end > 0 && digits < 10 && pdf.at[end - 1] >= '0' && pdf.at[end - 1] <= '9';
         end--, digits++, scale *= 10)
        offset += scale * (size_t)(pdf.at[end - 1] - '0');
    end = trimmed(pdf, end);
    if (digits == 0 || end < sizeof word - 1 || !STARTS_WITH(pdf, end - (sizeof word - 1), word))
        return false;
    return offset < end && has_references(pdf, offset);
}

/* ---- what it is besides ---- */

/* An end of central directory whose comment ends with the file: ZIP readers start there.
 * Source: PKWARE APPNOTE 6.3.10, 4.3.16. */
static bool is_also_zip(struct span content)
{
    enum { END_BYTES = 22, COMMENT_BYTES_MAX = 65535 };
    for (size_t back = END_BYTES; back <= END_BYTES + COMMENT_BYTES_MAX && back <= content.len;
         back++) {
        size_t at = content.len - back;
        size_t comment =
            (size_t)content.at[at + END_BYTES - 1] << 8 | content.at[at + END_BYTES - 2];
        if (STARTS_WITH(content, at, "PK\x05\x06") && comment == back - END_BYTES)
            return true;
    }
    return false;
}

static const struct {
    const char *text;
    const char *extensions[2];
    const char *magic;
    size_t magic_bytes;
    bool (*is_whole)(struct span content);
} types[PORTAL_ATTACHMENT_TYPE_COUNT] = {
    [PORTAL_ATTACHMENT_PDF] = {"application/pdf", {".pdf"}, "%PDF-", 5, is_pdf},
    [PORTAL_ATTACHMENT_PNG] = {"image/png", {".png"}, "\x89PNG\r\n\x1A\n", 8, is_png},
    [PORTAL_ATTACHMENT_JPEG] = {"image/jpeg", {".jpg", ".jpeg"}, "\xFF\xD8\xFF", 3, is_jpeg},
};

const char *portal_attachment_type_text(enum portal_attachment_type type)
{
    return types[type].text;
}

static bool has_extension(const char *name, enum portal_attachment_type type)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot != NULL && i < ARRAY_SIZE(types[type].extensions); i++)
        if (types[type].extensions[i] != NULL && strcasecmp(dot, types[type].extensions[i]) == 0)
            return true;
    return false;
}

static bool find_type(struct span content, enum portal_attachment_type *out)
{
    for (int i = 0; i < PORTAL_ATTACHMENT_TYPE_COUNT; i++)
        if (starts_with(content, 0, types[i].magic, types[i].magic_bytes)) {
            *out = (enum portal_attachment_type)i;
            return true;
        }
    return false;
}

enum err_code portal_attachment_check(struct span content, const char *name,
                                      const char *content_type, enum portal_attachment_type *out,
                                      struct err *err)
{
    enum portal_attachment_type type;
    if (!find_type(content, &type))
        return err_set(err, ERR_ATTACHMENT_TYPE, "neither a PDF nor a PNG nor a JPEG");
    if (content_type == NULL || strcasecmp(content_type, types[type].text) != 0)
        return err_set(err, ERR_ATTACHMENT_TYPE, "Content-Type: the content is %s",
                       types[type].text);
    if (!has_extension(name, type))
        return err_set(err, ERR_ATTACHMENT_TYPE, "the name has not the extension of %s",
                       types[type].text);
    if (!types[type].is_whole(content))
        return err_set(err, ERR_ATTACHMENT_TYPE, "cut short, broken, or with something behind it");
    if (is_also_zip(content))
        return err_set(err, ERR_ATTACHMENT_TYPE, "a ZIP archive too");
    *out = type;
    return ERR_NONE;
}
