/** One renewal order, for its bidder and for the reviewer: 01 to 04. */

import {get, path} from "./api.js";
import {h} from "./dom.js";
import {day, moment} from "./format.js";
import {t, tx} from "./i18n.js";
import {table} from "./list.js";
import {attachments} from "./order_files.js";
import {orderForm} from "./order_form.js";
import {reviewPanel} from "./order_review.js";
import {user} from "./session.js";
import {facts, head, linkButton, notice, panel} from "./ui.js";
import {renewCell, statePill} from "./view_orders.js";

/** @typedef {import("./router.js").Context} Context */
/**
 * @typedef {import("./view_orders.js").Order & {
 *   reason: string | null, invoice: Record<string, string> | null, not_after: string | null,
 *   attachments: import("./order_files.js").Attachment[],
 *   approvals: Array<{at: string, actor: string, action: string, from: string, to: string, reason: string}>,
 *   payments: Array<{trade: string, amount_fen: number, state: string, changed: string}>,
 *   can: Record<"pay" | "refresh" | "submit" | "edit" | "months" | "renew" | "approve" | "reject", boolean>}} FullOrder
 */

const reviewing = (/** @type {Context} */ context) => context.path.startsWith("/review/");

/** @param {Context} context */
export const title = (context) =>
    `${t(reviewing(context) ? "review.order" : "order.title")} ${context.params.number}`;

/** Who did it, as people know them.
 * @param {string} actor */
function actorName(actor) {
    const [kind, name] = actor.split(":");
    if (kind === "user") return name;
    return kind === "payment" ? t("actor.payment") : t("actor.platform");
}

/** @param {FullOrder} order */
function history(order) {
    if (order.approvals.length === 0) return h("p", {class: "soft"}, t("history.none"));
    return table(
        [
            {label: t("column.number"), kind: "number", cell: (_line, number) => number},
            {label: t("history.at"), kind: "time", cell: (line) => moment(line.at)},
            {label: t("history.actor"), cell: (line) => actorName(line.actor)},
            {label: t("history.action"), cell: (line) => tx("action", line.action)},
            {label: t("history.from"), cell: (line) => tx("state", line.from)},
            {label: t("history.to"), cell: (line) => tx("state", line.to)},
            {label: t("history.reason"), kind: "long", cell: (line) => line.reason || "–"},
        ],
        order.approvals,
        {label: t("order.part4")},
    );
}

/**
 * @param {Context} context
 * @param {FullOrder} order
 */
function renewal(context, order) {
    const text = order.renewed
        ? t("renew.done", {at: moment(order.renewed)})
        : order.renewable
          ? t("renew.ready")
          : t("renew.wait");
    const kind = order.renewed || order.renewable ? "good" : "info";
    return h(
        "section",
        {class: "panel row", "aria-label": t("renew.panel")},
        notice(kind, h("p", {}, text)),
        renewCell(context, order),
    );
}

/** @param {FullOrder} order */
function keyPart(order) {
    return facts([
        [t("order.organisation"), order.organisation],
        [t("order.holder"), order.holder],
        [t("order.serial"), order.serial],
        [t("order.new_end"), day(order.not_after)],
        [t("order.changed"), moment(order.changed)],
    ]);
}

/** @param {FullOrder} order */
function contents(order) {
    const parts = [t("order.part1"), t("order.part2"), t("order.part3"), t("order.part4")];
    return h(
        "nav",
        {class: "contents", "aria-label": t("order.parts")},
        parts.map((part, i) => h("a", {href: `#part${i + 1}`}, part)),
        h("span", {class: "soft"}, `${t("order.number")} ${order.number}`),
    );
}

/**
 * @param {HTMLElement} element
 * @param {number} number
 */
function anchored(element, number) {
    element.id = `part${number}`;
    return element;
}

/** @param {Context} context */
export async function render(context) {
    const order = /** @type {FullOrder} */ (
        await get(path`/orders/${context.params.number}`, context.signal)
    );
    const review = reviewing(context);
    const back = linkButton(review ? "/review" : "/orders", t("back"));
    const form = orderForm(context, order, keyPart(order));
    return h(
        "div",
        {class: "order"},
        head(
            t(review ? "review.order" : "order.title"),
            statePill(order.state),
            h("div", {class: "right"}, back),
        ),
        contents(order),
        order.state === "审核不通过" &&
            notice("bad", h("p", {}, t("order.rejected", {reason: order.reason ?? ""}))),
        user().role === "bidder" &&
            (order.state === "审核通过" || order.renewed) &&
            renewal(context, order),
        anchored(form.order, 1),
        anchored(form.invoice, 2),
        anchored(panel("03", t("order.part3"), attachments(context, order)), 3),
        anchored(panel("04", t("order.part4"), history(order)), 4),
        review && reviewPanel(context, order),
    );
}
