/** The user's own account: data and password. */

import {send} from "./api.js";
import {h} from "./dom.js";
import {field, validate, values} from "./form.js";
import {t, tx} from "./i18n.js";
import {newPassword, passwordFits} from "./password.js";
import {profileForm} from "./profile.js";
import {user} from "./session.js";
import {facts, head, once, panel, problemNotice, tell} from "./ui.js";

export const title = () => t("account.title");

function passwordForm() {
    const trouble = h("div");
    const submit = h(
        "button",
        {type: "submit", class: "button primary"},
        h("span", {}, t("account.change")),
    );
    const form = h(
        "form",
        {novalidate: true},
        trouble,
        h(
            "div",
            {class: "fields"},
            field({
                name: "old",
                label: t("account.old"),
                type: "password",
                autocomplete: "current-password",
                required: true,
            }),
            newPassword("new", t("account.new")),
            field({
                name: "repeat",
                label: t("account.repeat"),
                type: "password",
                autocomplete: "new-password",
                required: true,
            }),
        ),
        h("div", {class: "foot"}, submit),
    );
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (!validate(form) || !passwordFits(form, "new", "repeat")) return;
        const given = values(form);
        once(
            submit,
            async () => {
                trouble.replaceChildren();
                await send("PUT", "/session/password", {old: given.old, new: given.new});
                form.reset();
                tell(t("account.changed"));
            },
            (problem) => trouble.replaceChildren(problemNotice(problem)),
        );
    });
    return form;
}

export function render() {
    const known = user();
    return h(
        "div",
        {},
        head(t("account.title")),
        panel(
            "01",
            t("account.profile"),
            facts([
                [t("account.name"), known.name],
                [t("account.role"), tx("role", known.role)],
                [t("account.organisation"), known.organisation ?? ""],
            ]),
            profileForm(),
        ),
        panel("02", t("account.password"), passwordForm()),
    );
}
