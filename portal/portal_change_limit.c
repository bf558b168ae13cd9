#include "portal/portal_change_limit.h"

#include "base/clock.h"

/* ?2: now. A clock that was set back begins a window too. */
#define IS_OVER "(since_utc > ?2 OR since_utc <= ?2 - ?3)"

static enum err_code refuse(struct portal *portal, const char *subject, int *out_retry_after_s,
                            struct err *err)
{
    AUTO(portal_query_freep) struct portal_query *query = NULL;
    if (portal_db_query(portal->db, "SELECT since_utc FROM login_limit WHERE subject = ?",
                        PORTAL_VALUES(PORTAL_TEXT(subject)), &query, err) != ERR_NONE ||
        portal_query_one(query, err) != ERR_NONE)
        return err_add(err, "find when the user may change something");
    *out_retry_after_s =
        (int)(portal_query_integer(query, 0) + PORTAL_CHANGES_WINDOW_S - clock_now_utc());
    return err_set(err, ERR_HTTP_TOO_MANY, "%d changes within %d seconds", PORTAL_CHANGES_MAX,
                   PORTAL_CHANGES_WINDOW_S);
}

enum err_code portal_change_limit_count(struct portal *portal, int64_t user_id,
                                        int *out_retry_after_s, struct err *err)
{
    AUTO(memory_freep) char *subject = memory_printf("changes:%lld", (long long)user_id);
    if (portal_db_run(portal->db,
                      "INSERT INTO login_limit (subject, count, since_utc) VALUES (?1, 1, ?2) "
                      "ON CONFLICT (subject) DO UPDATE SET "
                      "count = CASE WHEN " IS_OVER " THEN 1 ELSE count + 1 END, "
                      "since_utc = CASE WHEN " IS_OVER " THEN ?2 ELSE since_utc END "
                      "WHERE count < ?4 OR " IS_OVER,
                      PORTAL_VALUES(PORTAL_TEXT(subject), PORTAL_INTEGER(clock_now_utc()),
                                    PORTAL_INTEGER(PORTAL_CHANGES_WINDOW_S),
                                    PORTAL_INTEGER(PORTAL_CHANGES_MAX)),
                      err) != ERR_NONE)
        return err_add(err, "count a change");
    return portal_db_changed(portal->db) == 1 ? ERR_NONE
                                              : refuse(portal, subject, out_retry_after_s, err);
}
