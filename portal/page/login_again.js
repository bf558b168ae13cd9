/** A session that ended while the user was at work: log in again without leaving the page. */

import {logIn} from "./api.js";
import {askForm} from "./dialog.js";
import {h} from "./dom.js";
import {field, validate, values} from "./form.js";
import {t} from "./i18n.js";

/** One dialog, however many requests found the session gone.
 * @type {Promise<boolean> | null} */
let asking = null;

/**
 * @param {string} login whose session it was
 * @returns {Promise<boolean>} whether somebody has logged in
 */
export function askLogIn(login) {
    asking ??= askForm({
        title: t("login.again"),
        body: [
            h("p", {}, t("login.again.text")),
            field({
                name: "login",
                label: t("login.name"),
                value: login,
                autocomplete: "username",
                required: true,
            }),
            field({
                name: "password",
                label: t("login.password"),
                type: "password",
                autocomplete: "current-password",
                hint: t("login.password.hint"),
                required: true,
            }),
        ],
        yes: t("login.submit"),
        submit: async (form) => {
            if (!validate(form)) return false;
            const given = values(form);
            await logIn(given.login, given.password);
            return true;
        },
    }).finally(() => {
        asking = null;
    });
    return asking;
}
