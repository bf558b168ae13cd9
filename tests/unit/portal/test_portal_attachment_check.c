#include "portal/portal_attachment_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* needs the three above */
#include <cmocka.h>

#include "attachments.h"
#include "base/memory.h"

/* ---- names ---- */

static void names_are_what_any_screen_shows(void **state)
{
    static const char *const good[] = {
        "a.pdf", "营业执照 (副本)-2024.pdf", "a", "授权书.final.PDF", "a,b;c=d&e+f%41.png",
        "é.jpg", "\xF0\x9F\x94\x91.png",
    };
    static const char *const bad[] = {
        "",
        ".",
        "..",
        ".htaccess",
        "a.",
        " a.pdf",
        "a.pdf ",
        "a/b.pdf",
        "../a.pdf",
        "a\\b.pdf",
        "C:a.pdf",
        "a*.pdf",
        "a?.pdf",
        "a\".pdf",
        "a<b>.pdf",
        "a|b.pdf",
        "a\nb.pdf",
        "a\tb.pdf",
        "a\x7F.pdf",
        "a\xC2\x85.pdf", /* NEL */
        "a\u202Efdp.exe", /* right-to-left override */
        "a\xE2\x81\xA6.pdf", /* isolate */
        "a\xE2\x80\x8B.pdf", /* zero width space */
        "a\xEF\xBB\xBF.pdf", /* BOM */
        "a\xE2\x80\xA8.pdf", /* line separator */
        "a\xEE\x80\x80.pdf", /* private use */
        "a\xF3\xA0\x81\x81.pdf", /* tag */
        "a\xEF\xBF\xBF.pdf", /* noncharacter */
        "a\xFF.pdf",
        "a\xC0\xAF.pdf", /* a slash in too many bytes */
        "a\xED\xA0\x80.pdf", /* half of a surrogate pair */
        "a\xE6\xB5", /* cut */
    };
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct err err = ERR_INIT;
        if (portal_attachment_check_name(good[i], &err) != ERR_NONE)
            fail_msg("%s: %s", good[i], err.detail);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err err = ERR_INIT;
        if (portal_attachment_check_name(bad[i], &err) != ERR_ATTACHMENT_NAME)
            fail_msg("%zu: %s", i, bad[i]);
    }
}

static void names_have_bounds(void **state)
{
    AUTO(memory_freep) char *fits = memory_printf("%0*d", PORTAL_ATTACHMENT_NAME_BYTES_MAX, 1);
    AUTO(memory_freep)
    char *longer = memory_printf("%0*d", PORTAL_ATTACHMENT_NAME_BYTES_MAX + 1, 1);
    struct err err = ERR_INIT;
    assert_int_equal(portal_attachment_check_name(fits, &err), ERR_NONE);
    assert_int_equal(portal_attachment_check_name(longer, &err), ERR_ATTACHMENT_NAME);
}

/* ---- content ---- */

static const struct {
    struct bytes *(*make)(void);
    const char *name, *content_type;
    enum portal_attachment_type type;
} kinds[] = {
    {attachment_pdf, "a.pdf", "application/pdf", PORTAL_ATTACHMENT_PDF},
    {attachment_png, "a.PNG", "image/png", PORTAL_ATTACHMENT_PNG},
    {attachment_jpeg, "a.jpg", "image/jpeg", PORTAL_ATTACHMENT_JPEG},
    {attachment_jpeg, "a.JPEG", "Image/JPEG", PORTAL_ATTACHMENT_JPEG},
};

static enum err_code check(struct span content, const char *name, const char *content_type)
{
    enum portal_attachment_type type;
    struct err err = ERR_INIT;
    return portal_attachment_check(content, name, content_type, &type, &err);
}

static void whole_files_are_taken_for_what_they_are(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        AUTO(bytes_freep) struct bytes *bytes = kinds[i].make();
        enum portal_attachment_type type = PORTAL_ATTACHMENT_TYPE_COUNT;
        struct err err = ERR_INIT;
        if (portal_attachment_check(span_bytes(bytes), kinds[i].name, kinds[i].content_type, &type,
                                    &err) != ERR_NONE ||
            type != kinds[i].type)
            fail_msg("%s: %s", kinds[i].name, err.detail);
    }
}

static void name_type_and_content_must_agree(void **state)
{
    static const char *const names[] = {"a.pdf", "a.png", "a.jpg", "a.jpeg",
                                        "a.exe", "a",     "pdf",   "a.pdf.html"};
    static const char *const types[] = {"application/pdf", "image/png",        "image/jpeg",
                                        "text/html",       "application/pdf;", NULL};
    for (size_t i = 0; i < 3; i++)
        for (size_t n = 0; n < ARRAY_SIZE(names); n++)
            for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
                AUTO(bytes_freep) struct bytes *bytes = kinds[i].make();
                bool fits = t == i && (n == i || (i == 2 && n == 3));
                if (check(span_bytes(bytes), names[n], types[t]) !=
                    (fits ? ERR_NONE : ERR_ATTACHMENT_TYPE))
                    fail_msg("%zu %s %s", i, names[n], types[t]);
            }
}

static void what_is_cut_anywhere_is_refused(void **state)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        AUTO(bytes_freep) struct bytes *bytes = kinds[i].make();
        /* A PDF may lack the newline at its end. */
        size_t end = kinds[i].type == PORTAL_ATTACHMENT_PDF ? bytes->len - 1 : bytes->len;
        for (size_t len = 0; len < end; len++)
            if (check(span_of(bytes->at, len), kinds[i].name, kinds[i].content_type) !=
                ERR_ATTACHMENT_TYPE)
                fail_msg("%s cut to %zu", kinds[i].name, len);
    }
}

static void what_has_something_before_or_behind_it_is_refused(void **state)
{
    static const char html[] = "<script>alert(1)</script>";
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        AUTO(bytes_freep) struct bytes *bytes = kinds[i].make();
        AUTO(bytes_freep)
        struct bytes *before = attachment_joined(span_text(html), span_bytes(bytes));
        AUTO(bytes_freep)
        struct bytes *behind = attachment_joined(span_bytes(bytes), span_text(html));
        assert_int_equal(check(span_bytes(before), kinds[i].name, kinds[i].content_type),
                         ERR_ATTACHMENT_TYPE);
        assert_int_equal(check(span_bytes(behind), kinds[i].name, kinds[i].content_type),
                         ERR_ATTACHMENT_TYPE);
    }
}

static void a_png_is_held_against_its_checksums(void **state)
{
    AUTO(bytes_freep) struct bytes *png = attachment_png();
    for (size_t i = 8; i < png->len; i++) {
        png->at[i] ^= 1;
        if (check(span_bytes(png), "a.png", "image/png") != ERR_ATTACHMENT_TYPE)
            fail_msg("byte %zu", i);
        png->at[i] ^= 1;
    }
}

static void a_jpeg_may_have_a_second_image_behind_it_and_nothing_else(void **state)
{
    AUTO(bytes_freep) struct bytes *jpeg = attachment_jpeg();
    AUTO(bytes_freep)
    struct bytes *two = attachment_joined(span_bytes(jpeg), span_bytes(jpeg));
    AUTO(bytes_freep) struct bytes *odd = attachment_joined(span_bytes(two), span_of("\0", 1));
    assert_int_equal(check(span_bytes(two), "a.jpg", "image/jpeg"), ERR_NONE);
    assert_int_equal(check(span_bytes(odd), "a.jpg", "image/jpeg"), ERR_ATTACHMENT_TYPE);
}

static void a_jpeg_has_a_frame_with_a_width_before_its_scan(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"\xFF\xD8\xFF\xD9", 4},
        {"\xFF\xD8\xFF\xDA\0\x08\1\1\0\0\x3F\0\x12\xFF\xD9", 15},
        {"\xFF\xD8\xFF\xC0\0\x0B\x08\0\1\0\0\1\1\x11\0\xFF\xDA\0\x08\1\1\0\0\x3F\0\x12\xFF\xD9",
         28},
        {"\xFF\xD8\xFF\xE0\0\1\xFF\xD9", 8},
        {"\xFF\xD8\xFF\xE0\xFF\xFF\xFF\xD9", 8},
        {"\xFF\xD8\xFF\xD8\xFF\xD9", 6},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (check(span_of(cases[i].bytes, cases[i].len), "a.jpg", "image/jpeg") !=
            ERR_ATTACHMENT_TYPE)
            fail_msg("case %zu", i);
}

static void a_pdf_names_where_its_references_are(void **state)
{
    static const struct {
        const char *text;
        enum err_code code;
    } cases[] = {
        {"%PDF-1.4\nxref\nstartxref\n9\n%%EOF", ERR_NONE},
        {"%PDF-1.4\nxref\nstartxref 9 %%EOF \r\n", ERR_NONE},
        {"%PDF-2.0\n1 0 obj\nstartxref\n9\n%%EOF", ERR_NONE},
        {"%PDF-1.4\nxref\nstartxref\n8\n%%EOF", ERR_ATTACHMENT_TYPE},
        {"%PDF-1.4\nxref\nstartxref\n0\n%%EOF", ERR_ATTACHMENT_TYPE},
        {"%PDF-1.4\nxref\nstartxref\n9999\n%%EOF", ERR_ATTACHMENT_TYPE},
        {"%PDF-1.4\nxref\nstartxref\n99999999999999999999\n%%EOF", ERR_ATTACHMENT_TYPE},
        {"%PDF-1.4\nxref\nstartxref\n%%EOF", ERR_ATTACHMENT_TYPE},
        {"%PDF-1.4\nxref\n9\n%%EOF", ERR_ATTACHMENT_TYPE},
        {"%PDF-%%EOF", ERR_ATTACHMENT_TYPE},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        if (check(span_text(cases[i].text), "a.pdf", "application/pdf") != cases[i].code)
            fail_msg("case %zu", i);
}

/* A ZIP reader finds the archive from its end, whose comment is the rest of the PDF. */
static void what_is_an_archive_too_is_refused(void **state)
{
    static const char end[] = "\nxref\nstartxref\n10\n%%EOF";
    uint8_t zip[22] = "PK\5\6";
    static const char start[] = "%PDF-1.4 ";
    AUTO(bytes_freep)
    struct bytes *half = attachment_joined(span_text(start), span_of(zip, sizeof zip));
    AUTO(bytes_freep) struct bytes *plain = attachment_joined(span_bytes(half), span_text(end));
    plain->at[plain->len - 7] = '2'; /* where xref is: 32 */
    plain->at[plain->len - 8] = '3';
    assert_int_equal(check(span_bytes(plain), "a.pdf", "application/pdf"), ERR_NONE);
    plain->at[sizeof start - 1 + 20] = sizeof end - 1;
    assert_int_equal(check(span_bytes(plain), "a.pdf", "application/pdf"), ERR_ATTACHMENT_TYPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_what_any_screen_shows),
        cmocka_unit_test(names_have_bounds),
        cmocka_unit_test(whole_files_are_taken_for_what_they_are),
        cmocka_unit_test(name_type_and_content_must_agree),
        cmocka_unit_test(what_is_cut_anywhere_is_refused),
        cmocka_unit_test(what_has_something_before_or_behind_it_is_refused),
        cmocka_unit_test(a_png_is_held_against_its_checksums),
        cmocka_unit_test(a_jpeg_may_have_a_second_image_behind_it_and_nothing_else),
        cmocka_unit_test(a_jpeg_has_a_frame_with_a_width_before_its_scan),
        cmocka_unit_test(a_pdf_names_where_its_references_are),
        cmocka_unit_test(what_is_an_archive_too_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
