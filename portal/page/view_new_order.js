/** 新增: which key a new renewal order is for. */

import {get, path, send} from "./api.js";
import {freshId, h} from "./dom.js";
import {day, keyKind} from "./format.js";
import {t} from "./i18n.js";
import {SEARCH_MAX} from "./list.js";
import {head, linkButton, notice, once, panel, pill, problemNotice} from "./ui.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {{serial: string, number: string, holder: string, organisation: string, profile: string,
 *   not_after: string | null, due: boolean}} Key */

export const title = () => t("neworder.title");

/** A company has a few keys; more are found by searching. */
const SHOWN = 50;

/** How near a key's certificate is to its end.
 * @param {{not_after: string | null, due: boolean}} key */
export function duePill(key) {
    if (key.not_after === null) return null;
    if (Date.parse(key.not_after) < Date.now()) return pill("bad", t("due.expired"));
    return key.due ? pill("wait", t("due.now")) : pill("good", t("due.not-yet"));
}

/**
 * @param {Key} key
 * @param {boolean} chosen
 */
function choice(key, chosen) {
    const id = freshId();
    return h(
        "li",
        {},
        h("input", {type: "radio", name: "serial", value: key.serial, id, checked: chosen}),
        h(
            "label",
            {for: id},
            h("span", {class: "strong"}, key.holder),
            " ",
            duePill(key),
            h("br"),
            h(
                "span",
                {class: "soft serial"},
                `${key.organisation} · ${keyKind(key.profile)} ${t("order.serial")} ${key.serial} · ${t("order.not_after")} ${day(key.not_after)}`,
            ),
        ),
    );
}

/**
 * @param {import("./ui.js").Problem} problem
 * @param {string} serial
 */
function refused(problem, serial) {
    const orders = `/orders?${new URLSearchParams({search: serial})}`;
    return problemNotice(
        problem,
        problem.code === "order-open" && h("p", {}, h("a", {href: orders}, t("neworder.open"))),
    );
}

/**
 * @param {Context} context
 * @param {Key[]} keys
 */
function form(context, keys) {
    const wanted = context.query.get("serial");
    const wrong = h("p", {class: "wrong", role: "alert"}),
        trouble = h("div");
    const submit = h(
        "button",
        {type: "submit", class: "button primary"},
        h("span", {}, t("neworder.submit")),
    );
    const element = h(
        "form",
        {},
        trouble,
        h(
            "fieldset",
            {class: "choices"},
            h("legend", {}, t("neworder.choose")),
            h("p", {class: "hint"}, t("neworder.lead")),
            h(
                "ul",
                {},
                keys.map((key) => choice(key, keys.length === 1 || key.serial === wanted)),
            ),
            wrong,
        ),
        h("div", {class: "foot"}, linkButton("/orders", t("back")), submit),
    );
    element.addEventListener("submit", (event) => {
        event.preventDefault();
        const serial = new FormData(element).get("serial");
        wrong.textContent = serial === null ? t("neworder.pick") : "";
        trouble.replaceChildren();
        if (serial !== null)
            once(
                submit,
                async () => {
                    const order = await send("POST", "/orders", {serial});
                    await context.go(path`/orders/${order.number}`, {replace: true});
                },
                (problem) => trouble.replaceChildren(refused(problem, String(serial))),
            );
    });
    return element;
}

/** @param {Context} context */
function search(context) {
    const input = h("input", {
        type: "search",
        name: "search",
        value: context.query.get("search") ?? "",
        maxlength: SEARCH_MAX,
        "aria-label": t("neworder.more"),
        placeholder: t("keys.search"),
    });
    const element = h(
        "form",
        {class: "search", role: "search"},
        input,
        h("button", {type: "submit", class: "button plain"}, t("list.search")),
    );
    element.addEventListener("submit", (event) => {
        event.preventDefault();
        context.go(`/orders/new?${new URLSearchParams({search: input.value.trim()})}`, {
            replace: true,
        });
    });
    return element;
}

/** @param {Context} context */
export async function render(context) {
    const wanted = context.query.get("search") ?? context.query.get("serial") ?? "";
    const query = new URLSearchParams({limit: String(SHOWN), ...(wanted && {search: wanted})});
    const page = await get(`/keys?${query}`, context.signal);
    const none = notice(
        "warn",
        h("p", {class: "strong"}, wanted ? t("list.none") : t("neworder.none")),
        !wanted && h("p", {}, t("neworder.none.remedy")),
    );
    return h(
        "div",
        {class: "narrow"},
        head(t("neworder.title")),
        (page.next !== null || wanted) &&
            h(
                "div",
                {class: "tools"},
                h("p", {class: "hint"}, t("neworder.more")),
                search(context),
            ),
        panel(
            "01",
            t("order.part1"),
            page.items.length > 0
                ? form(context, page.items)
                : [none, h("div", {class: "foot"}, linkButton("/orders", t("back")))],
        ),
    );
}
