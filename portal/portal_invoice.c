#include "portal/portal_invoice.h"

#include "portal/portal_audit.h"

enum { KIND, TITLE, TAX_NUMBER, ADDRESS, PHONE, BANK, ACCOUNT, EMAIL, FIELD_COUNT };

/* In the table's order of columns. */
static const struct {
    const char *name;
    size_t limit_bytes;
} fields[FIELD_COUNT] = {
    [KIND] = {"kind", sizeof "special" - 1},
    [TITLE] = {"title", PORTAL_INVOICE_TEXT_BYTES_MAX},
    [TAX_NUMBER] = {"tax_number", PORTAL_INVOICE_TAX_NUMBER_BYTES_MAX},
    [ADDRESS] = {"address", PORTAL_INVOICE_TEXT_BYTES_MAX},
    [PHONE] = {"phone", PORTAL_INVOICE_TEXT_BYTES_MAX},
    [BANK] = {"bank", PORTAL_INVOICE_TEXT_BYTES_MAX},
    [ACCOUNT] = {"account", PORTAL_INVOICE_TEXT_BYTES_MAX},
    [EMAIL] = {"email", PORTAL_INVOICE_TEXT_BYTES_MAX},
};

static bool has_control_character(const char *text)
{
    for (; *text != '\0'; text++)
        if ((uint8_t)*text < 0x20 || *text == 0x7F)
            return true;
    return false;
}

static bool is_letters_and_digits(const char *text)
{
    return text[strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")] ==
           '\0';
}

static enum err_code read_field(const struct json *member, int field, const char **out,
                                struct err *err)
{
    const char *name = fields[field].name;
    const char *text = json_text_of(member);
    if (text == NULL)
        return err_set(err, ERR_FIELD_TYPE, "invoice.%s: not a text", name);
    if (strlen(text) > fields[field].limit_bytes || has_control_character(text))
        return err_set(err, ERR_FIELD_VALUE, "invoice.%s: a line of at most %zu bytes", name,
                       fields[field].limit_bytes);
    *out = text[strspn(text, " ")] == '\0' ? "" : text;
    return ERR_NONE;
}

static enum err_code read_invoice(const struct json *invoice, const char *out[FIELD_COUNT],
                                  struct err *err)
{
    size_t known = 0;
    for (int i = 0; i < FIELD_COUNT; i++) {
        const struct json *member = json_member(invoice, fields[i].name);
        out[i] = "";
        if (member != NULL && read_field(member, i, &out[i], err) != ERR_NONE)
            return err->code;
        known += member != NULL;
    }
    if (known != json_count(invoice))
        return err_set(err, ERR_FIELD_UNKNOWN, "invoice: an unknown field");
    if (out[KIND][0] == '\0')
        out[KIND] = "normal";
    if (strcmp(out[KIND], "normal") != 0 && strcmp(out[KIND], "special") != 0)
        return err_set(err, ERR_FIELD_VALUE, "invoice.kind: neither normal nor special");
    if (!is_letters_and_digits(out[TAX_NUMBER]))
        return err_set(err, ERR_FIELD_VALUE, "invoice.tax_number: letters and digits only");
    return ERR_NONE;
}

enum err_code portal_invoice_put(struct portal *portal, const char *order_number,
                                 const struct json *invoice, struct err *err)
{
    const char *texts[FIELD_COUNT] = {0};
    if (!json_is_object(invoice))
        return err_set(err, ERR_FIELD_TYPE, "invoice: not an object");
    if (read_invoice(invoice, texts, err) != ERR_NONE ||
        portal_db_run(portal->db,
                      "INSERT OR REPLACE INTO invoice (order_number, kind, title, tax_number, "
                      "address, phone, bank, account, email) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                      PORTAL_VALUES(PORTAL_TEXT(order_number), PORTAL_TEXT(texts[KIND]),
                                    PORTAL_TEXT(texts[TITLE]), PORTAL_TEXT(texts[TAX_NUMBER]),
                                    PORTAL_TEXT(texts[ADDRESS]), PORTAL_TEXT(texts[PHONE]),
                                    PORTAL_TEXT(texts[BANK]), PORTAL_TEXT(texts[ACCOUNT]),
                                    PORTAL_TEXT(texts[EMAIL])),
                      err) != ERR_NONE)
        return err->code;
    return portal_audit_add(portal, "order.invoice", order_number, texts[TITLE], err);
}

enum err_code portal_invoice_show(struct portal *portal, const char *order_number,
                                  struct json **out, struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    bool row = false;
    if (portal_db_query(portal->db,
                        "SELECT kind, title, tax_number, address, phone, bank, account, email "
                        "FROM invoice WHERE order_number = ?",
                        PORTAL_VALUES(PORTAL_TEXT(order_number)), &query, err) != ERR_NONE ||
        portal_query_next(query, &row, err) != ERR_NONE)
        return err_add(err, "find the invoice's data");
    if (!row)
        return ERR_NONE;
    struct json *json = json_new_object();
    for (int i = 0; i < FIELD_COUNT; i++)
        json_add_text(json, fields[i].name, portal_query_text(query, i));
    *out = json;
    return ERR_NONE;
}
