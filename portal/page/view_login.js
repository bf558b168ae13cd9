/** The log-in page. */

import {logIn} from "./api.js";
import {h, icon} from "./dom.js";
import {field, validate, values} from "./form.js";
import {t} from "./i18n.js";
import {ownPath} from "./router.js";
import {homeOf, user} from "./session.js";
import {head, linkButton, notice, once, problemNotice} from "./ui.js";

/** @typedef {import("./router.js").Context} Context */

export const title = () => t("login.title");

/** @param {Context} context */
function loginForm(context) {
    const trouble = h("div");
    const submit = h(
        "button",
        {type: "submit", class: "button primary large"},
        h("span", {}, t("login.submit")),
    );
    const form = h(
        "form",
        {class: "login-form", novalidate: true},
        context.query.has("ended") && notice("info", h("p", {}, t("login.ended"))),
        trouble,
        field({name: "login", label: t("login.name"), autocomplete: "username", required: true}),
        field({
            name: "password",
            label: t("login.password"),
            type: "password",
            autocomplete: "current-password",
            hint: t("login.password.hint"),
            required: true,
        }),
        submit,
    );
    form.querySelector("input")?.setAttribute("data-first", "");
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        if (!validate(form)) return;
        const given = values(form);
        once(
            submit,
            async () => {
                trouble.replaceChildren();
                await logIn(given.login, given.password);
                const next = ownPath(context.query.get("next") ?? "");
                await context.go(next ?? homeOf(user().role), {replace: true});
            },
            (problem) => trouble.replaceChildren(problemNotice(problem)),
        );
    });
    return form;
}

/** @param {Context} context */
export function render(context) {
    const points = [t("login.point1"), t("login.point2"), t("login.point3")];
    return h(
        "div",
        {class: "login"},
        h(
            "div",
            {class: "login-lead"},
            h("p", {class: "lead"}, t("login.lead")),
            h(
                "ul",
                {},
                points.map((text) => h("li", {}, icon("check"), h("span", {}, text))),
            ),
        ),
        h(
            "section",
            {class: "panel login-box"},
            head(t("login.title")),
            loginForm(context),
            h(
                "p",
                {class: "login-help"},
                linkButton("/help", t("login.help"), {kind: "quiet", symbol: "download"}),
            ),
        ),
    );
}
