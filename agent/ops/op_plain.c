#include "agent/ops/op_plain.h"

#include "base/buf.h"
#include "base/text.h"

struct range {
    uint32_t first, last;
};

static const struct range unseen[] = {
    {0x0000, 0x001F}, /* C0, line ends among them */
    {0x007F, 0x009F}, /* DEL, C1 */
    {0x00AD, 0x00AD}, /* soft hyphen */
    {0x034F, 0x034F}, /* grapheme joiner */
    {0x061C, 0x061C}, /* Arabic letter mark */
    {0x115F, 0x1160}, /* Hangul fillers */
    {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F}, /* zero width, marks of direction */
    {0x2028, 0x202E}, /* line and paragraph separators, embeddings and overrides */
    {0x2060, 0x206F}, /* word joiner, isolates */
    {0x2800, 0x2800}, /* blank Braille pattern */
    {0x3164, 0x3164},   {0xFE00, 0xFE0F}, /* variation selectors */
    {0xFEFF, 0xFEFF},   {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},
    {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}, /* tags, more variation selectors */
};

/* Of a whole UTF-8 sequence. */
static uint32_t code_point(const char *at, size_t length)
{
    static const uint8_t masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t value = (uint8_t)at[0] & masks[length];
    for (size_t i = 1; i < length; i++)
        value = value << 6 | ((uint8_t)at[i] & 0x3F);
    return value;
}

static bool is_seen(const char *at, size_t length)
{
    uint32_t value = code_point(at, length);
    for (size_t i = 0; i < ARRAY_SIZE(unseen); i++)
        if (value >= unseen[i].first && value <= unseen[i].last)
            return false;
    return true;
}

char *op_plain(const char *text)
{
    size_t left = strlen(text);
    AUTO(buf_done) struct buf plain = BUF_INIT(left * (sizeof OP_PLAIN_MARK - 1) + 1);
    while (left > 0) {
        size_t length = text_utf8_length(text, left);
        if (length > 0 && is_seen(text, length))
            buf_add(&plain, span_of(text, length));
        else
            buf_add_text(&plain, OP_PLAIN_MARK);
        length = length > 0 ? length : 1;
        text += length;
        left -= length;
    }
    buf_add_u8(&plain, 0);
    return memory_text((const char *)buf_span(&plain).at);
}
