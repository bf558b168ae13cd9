/** The user's own data (基本信息), on the account's page and on that of 签章延期. */

import {send} from "./api.js";
import {h} from "./dom.js";
import {field, keepDraft, validate, values} from "./form.js";
import {t} from "./i18n.js";
import {session, setSession, user} from "./session.js";
import {notice, once, tell} from "./ui.js";

const NAMES = /** @type {const} */ (["department", "office_phone", "mobile_phone", "email"]);

/** @type {Record<string, {type?: string, inputmode?: string, autocomplete?: string}>} */
const kinds = {
    department: {autocomplete: "organization-title"},
    office_phone: {type: "tel", autocomplete: "work tel"},
    mobile_phone: {type: "tel", autocomplete: "mobile tel"},
    email: {type: "email", autocomplete: "email"},
};

/** @param {HTMLFormElement} form */
async function save(form) {
    const {login: _login, ...changed} = values(form);
    await send("PUT", "/profile", changed);
    const now = session();
    if (now) setSession({...now, user: {...now.user, ...changed}});
}

/** @returns {HTMLFormElement} */
export function profileForm() {
    const known = user();
    const submit = h("button", {type: "submit", class: "button primary"}, h("span", {}, t("save")));
    const form = h(
        "form",
        {novalidate: true},
        h(
            "div",
            {class: "fields"},
            field({name: "login", label: t("profile.login"), value: known.login, readonly: true}),
            NAMES.map((name) =>
                field({
                    name,
                    label: t(`profile.${name}`),
                    value: known[name] ?? "",
                    ...kinds[name],
                }),
            ),
        ),
        h("div", {class: "foot"}, submit),
    );
    const draft = keepDraft(form, "profile");
    if (draft.restored) form.prepend(notice("info", h("p", {}, t("draft.restored"))));
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (validate(form))
            once(submit, async () => {
                await save(form);
                draft.saved();
                tell(t("saved"));
            });
    });
    return form;
}
