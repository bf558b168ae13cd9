/** The reviewer's decision on an order. */

import {path, send} from "./api.js";
import {ask, askReason} from "./dialog.js";
import {h} from "./dom.js";
import {t} from "./i18n.js";
import {button, notice, panel, tell} from "./ui.js";

/** @typedef {import("./router.js").Context} Context */
/** @typedef {import("./view_order.js").FullOrder} Order */

/**
 * @param {Context} context
 * @param {Order} order
 */
async function approve(context, order) {
    if (
        !(await ask({body: [h("p", {}, t("review.approve.ask", order))], yes: t("review.approve")}))
    )
        return;
    await send("POST", path`/orders/${order.number}/approve`, {});
    await context.go("/review");
    tell(t("review.approved", order));
}

/**
 * @param {Context} context
 * @param {Order} order
 */
async function reject(context, order) {
    const done = await askReason(t("review.reject"), t("review.reason"), (reason) =>
        send("POST", path`/orders/${order.number}/reject`, {reason}),
    );
    if (!done) return;
    await context.go("/review");
    tell(t("review.rejected", order));
}

/**
 * @param {Context} context
 * @param {Order} order
 */
export function reviewPanel(context, order) {
    const open = order.can.approve || order.can.reject;
    return panel(
        null,
        t("review.decide"),
        open
            ? h(
                  "div",
                  {class: "foot"},
                  button({
                      label: t("review.reject"),
                      kind: "danger",
                      disabled: !order.can.reject,
                      act: () => reject(context, order),
                  }),
                  button({
                      label: t("review.approve"),
                      kind: "primary",
                      disabled: !order.can.approve,
                      act: () => approve(context, order),
                  }),
              )
            : notice("info", h("p", {}, t("review.closed"))),
    );
}
