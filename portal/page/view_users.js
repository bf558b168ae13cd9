/** The administrator's users and organisations. */

import {get, path, send} from "./api.js";
import {ask, askForm} from "./dialog.js";
import {freshId, h} from "./dom.js";
import {controls, field, validate, values} from "./form.js";
import {t, tx} from "./i18n.js";
import {list} from "./list.js";
import {newPassword, passwordFits} from "./password.js";
import {button, head, pill, tabs, tell} from "./ui.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {{login: string, name: string, role: string, organisation: string | null, disabled: boolean}} User */

export const title = () => t("users.title");

const onOrganisations = (/** @type {Context} */ context) =>
    context.query.get("tab") === "organisations";

/** @returns {Array<[string, string]>} */
const roles = () => ["bidder", "reviewer", "administrator"].map((role) => [role, tx("role", role)]);

/** A field that offers the organisations whose names hold what is typed. */
function organisationField() {
    const id = freshId();
    const choices = h("datalist", {id});
    const element = field({
        name: "organisation",
        label: t("user.organisation"),
        hint: t("user.organisation.hint"),
    });
    const input = controls(element)[0];
    input.setAttribute("list", id);
    const offer = async () => {
        const page = await get(
            `/organisations?${new URLSearchParams({limit: "20", search: input.value.trim()})}`,
        );
        choices.replaceChildren(
            ...page.items.map((/** @type {{name: string}} */ one) =>
                h("option", {value: one.name}),
            ),
        );
    };
    input.addEventListener("input", () => offer().catch(() => undefined));
    offer().catch(() => undefined);
    element.append(choices);
    return element;
}

/** @param {Context} context */
async function addUser(context) {
    let login = "";
    const done = await askForm({
        title: t("users.add"),
        body: [
            field({name: "login", label: t("user.login"), required: true}),
            field({name: "name", label: t("user.name"), required: true}),
            field({name: "role", label: t("user.role"), choices: roles()}),
            organisationField(),
            newPassword("password", t("user.password")),
        ],
        yes: t("save"),
        submit: async (form) => {
            if (!validate(form) || !passwordFits(form, "password")) return false;
            const {organisation, ...rest} = values(form);
            await send("POST", "/users", organisation === "" ? rest : {...rest, organisation});
            login = rest.login;
            return true;
        },
    });
    if (!done) return;
    await context.reload();
    tell(t("user.added", {login}));
}

/**
 * @param {Context} context
 * @param {User} user
 */
async function editUser(context, user) {
    const done = await askForm({
        title: `${t("user.edit")} ${user.login}`,
        body: [
            field({name: "name", label: t("user.name"), value: user.name, required: true}),
            newPassword("password", t("user.new.password"), false),
        ],
        yes: t("save"),
        submit: async (form) => {
            const {name, password} = values(form);
            if (!validate(form) || (password !== "" && !passwordFits(form, "password")))
                return false;
            await send(
                "PUT",
                path`/users/${user.login}`,
                password === "" ? {name} : {name, password},
            );
            return true;
        },
    });
    if (!done) return;
    await context.reload();
    tell(t("saved"));
}

/**
 * @param {Context} context
 * @param {User} user
 */
async function switchUser(context, user) {
    const off = !user.disabled;
    if (
        off &&
        !(await ask({
            body: [h("p", {}, t("user.disable.ask", user))],
            yes: t("user.disable"),
            danger: true,
        }))
    )
        return;
    await send("PUT", path`/users/${user.login}`, {disabled: off});
    await context.reload();
    tell(t("saved"));
}

/**
 * @param {Context} context
 * @param {User} user
 */
function userActions(context, user) {
    return h(
        "div",
        {class: "line"},
        button({
            label: t("user.edit"),
            kind: "plain small",
            name: t("user.edit.name", user),
            act: () => editUser(context, user),
        }),
        button({
            label: t(user.disabled ? "user.enable" : "user.disable"),
            kind: "plain small",
            name: t(user.disabled ? "user.enable.name" : "user.disable.name", user),
            act: () => switchUser(context, user),
        }),
    );
}

/** @param {Context} context */
function users(context) {
    return list(context, {
        path: "/users",
        /** @type {import("./list.js").Column<User>[]} */
        columns: [
            {label: t("column.number"), kind: "number", cell: (_user, number) => number},
            {label: t("user.login"), kind: "main", cell: (user) => user.login},
            {label: t("user.name"), cell: (user) => user.name},
            {label: t("user.role"), cell: (user) => tx("role", user.role)},
            {label: t("user.organisation"), cell: (user) => user.organisation ?? "–"},
            {
                label: t("user.state"),
                cell: (user) =>
                    pill(
                        user.disabled ? "bad" : "good",
                        t(user.disabled ? "user.disabled" : "user.enabled"),
                    ),
            },
            {label: t("user.actions"), kind: "act", cell: (user) => userActions(context, user)},
        ],
        label: t("users.tab"),
        hint: t("users.search"),
        empty: t("users.empty"),
        actions: [
            button({
                label: t("users.add"),
                kind: "primary",
                symbol: "plus",
                act: () => addUser(context),
            }),
        ],
    });
}

/** @param {Context} context */
async function addOrganisation(context) {
    let name = "";
    const done = await askForm({
        title: t("organisations.add"),
        body: [field({name: "name", label: t("organisation.name"), required: true})],
        yes: t("save"),
        submit: async (form) => {
            if (!validate(form)) return false;
            ({name} = values(form));
            await send("POST", "/organisations", {name});
            return true;
        },
    });
    if (!done) return;
    await context.reload();
    tell(t("organisation.added", {name}));
}

/** @param {Context} context */
function organisations(context) {
    return list(context, {
        path: "/organisations",
        /** @type {import("./list.js").Column<{name: string}>[]} */
        columns: [
            {label: t("column.number"), kind: "number", cell: (_one, number) => number},
            {label: t("organisation.name"), kind: "main", cell: (one) => one.name},
        ],
        label: t("organisations.tab"),
        hint: t("organisations.search"),
        empty: t("organisations.empty"),
        actions: [
            button({
                label: t("organisations.add"),
                kind: "primary",
                symbol: "plus",
                act: () => addOrganisation(context),
            }),
        ],
    });
}

/** @param {Context} context */
export async function render(context) {
    const second = onOrganisations(context);
    const shown = await (second ? organisations(context) : users(context));
    return h(
        "div",
        {},
        head(t("users.title")),
        tabs(
            [
                {href: "/users", label: t("users.tab"), current: !second},
                {href: "/users?tab=organisations", label: t("organisations.tab"), current: second},
            ],
            t("users.title"),
        ),
        shown,
    );
}
