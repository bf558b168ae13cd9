#include "base/problem.h"

struct json *problem_json(const struct err *err, enum lang lang)
{
    struct json *problem = json_new_object();
    json_add_text(problem, "type", "about:blank");
    json_add_text(problem, "title", text_in(err_title(err->code), lang));
    json_add_integer(problem, "status", err_http_status(err->code));
    json_add_text(problem, "detail", err->detail);
    json_add_text(problem, "code", err_code_text(err->code));
    json_add_text(problem, "remedy", text_in(err_remedy(err->code), lang));
    if (err->tries_left >= 0)
        json_add_integer(problem, "tries_left", err->tries_left);
    return problem;
}
